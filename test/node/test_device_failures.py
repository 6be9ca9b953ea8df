# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A device that fails under the running node costs a frame, a size, or the process."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
import gc
from pathlib import Path
import re
import runpy
import threading

import numpy as np
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
import torch

from promptda_ros import model as model_module
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.health import INVALID_IN_A_ROW
from promptda_ros.core.runtime import resolution as resolutions
from promptda_ros.core.runtime.device import DeviceError
from promptda_ros.core.runtime.resolution import PIXELS_OF_RESOLUTION, Resolution
from promptda_ros.core.runtime.watchdog import Watchdog
from promptda_ros.core.settings import schema
from promptda_ros.model import load_model
from promptda_ros.network import load_network
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.cuda_graph import CudaGraphs
from promptda_ros.network.files import folder
from promptda_ros.node import session
from test.sensors import Sensors

FailingNetwork = runpy.run_path(str(Path(__file__).parents[1] / 'failing_network.py'))[
    'FailingNetwork'
]
# Of images of 112x84, so that every size is another one.
SMALL_SIZES = {'low': 28 * 42, 'medium': 42 * 56, 'high': 56 * 70, 'full': 84 * 112}


@pytest.fixture
def start(often, make_rig):
    """Start a node with all sensors and a network that fails as planned."""
    networks = []

    def start(*plan, **values):
        rig = make_rig(**values)
        rig.node.start()
        rig.advertise_all()
        estimator = rig.node.pipeline.model.estimator
        networks.append(FailingNetwork(estimator.network, *plan))
        estimator.network = networks[-1]
        return rig, networks[-1]

    yield start
    for network in networks:
        network.release.set()


@pytest.fixture
def small_sizes(monkeypatch):
    """Let the sizes of the network suit small images."""
    for name, pixels in SMALL_SIZES.items():
        monkeypatch.setitem(PIXELS_OF_RESOLUTION, name, pixels)


def begin_at(rig, name, *, may_shrink):
    """Let the node work at a size, as it would on a GPU."""
    rig.node.pipeline.health.resolution = Resolution(name, may_shrink=may_shrink)
    rig.node.pipeline.model.estimator.resolution = name


def send_into_drop(rig, reason):
    """Send one frame and wait until it is dropped under the reason."""
    before = rig.drops.get(reason, 0)
    rig.send()
    rig.spin_until(lambda: rig.drops.get(reason, 0) == before + 1)


def metres(message):
    """Return the depth of a 32FC1 message."""
    return np.frombuffer(message.data, '<f4').reshape(message.height, message.width)


# Out of memory


def test_a_frame_without_memory_is_dropped_and_the_next_one_published(start, capfd):
    """H1: recovery within one frame."""
    rig, _ = start('out_of_memory')
    heard = rig.listen('depth/image_rect')
    send_into_drop(rig, 'out_of_memory')
    rig.send_through(heard)
    assert rig.drops == {'out_of_memory': 1}
    said = capfd.readouterr().err
    assert said.count('frame dropped: out of memory: CUDA out of memory. Tried to allocate') == 1
    assert 'Traceback' not in said
    assert len(heard) == 1


@pytest.mark.parametrize('stage', ['read', 'prepare', 'restore'])
def test_memory_may_be_short_in_any_stage(start, stage, monkeypatch):
    """H1: registration, the upload, and what follows the network."""
    rig, _ = start()
    heard = rig.listen('depth/image_rect')

    def fail(*arguments):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory.')

    with monkeypatch.context() as patch:
        owner = rig.camera if stage == 'read' else rig.node.pipeline.model.estimator
        patch.setattr(owner, stage, fail)
        send_into_drop(rig, 'out_of_memory')
    rig.send_through(heard)
    assert rig.drops == {'out_of_memory': 1}


def test_memory_that_is_short_frame_after_frame_costs_resolution(small_sizes, start, capfd):
    """H1: three frames are lost, the fourth is published; one warning."""
    rig, network = start()
    begin_at(rig, 'full', may_shrink=True)
    heard, status = rig.listen('depth/image_rect'), rig.hear_statuses()
    network.memory_px = SMALL_SIZES['high']
    for _ in range(3):
        send_into_drop(rig, 'out_of_memory')
    for _ in range(3):
        rig.send_through(heard)
    assert rig.drops == {'out_of_memory': 3}
    assert len({*network.sizes}) == 2
    said = capfd.readouterr().err
    assert said.count('not enough memory: resolution high instead of full; end other') == 1
    rig.spin_until(lambda: status('network') and status('network')[0] == 'warn')
    assert status('network')[2]['resolution'] == 'high'


def test_the_size_comes_back_with_the_memory(small_sizes, start, capfd, monkeypatch):
    """H1: tried again after a while, here at once."""
    monkeypatch.setattr(resolutions, 'FIRST_TRY_SEC', 0.0)
    rig, network = start(*['out_of_memory'] * 3)
    begin_at(rig, 'full', may_shrink=True)
    heard = rig.listen('depth/image_rect')
    for _ in range(3):
        send_into_drop(rig, 'out_of_memory')
    rig.send_through(heard)
    rig.send_through(heard)
    assert network.sizes[2] == network.sizes[-1] > network.sizes[-2]
    assert capfd.readouterr().err.count('resolution full is tried again') == 1


def test_without_a_smaller_size_the_mend_is_said_until_memory_returns(small_sizes, start, capfd):
    """H1: an error once, then every frame is tried all the same."""
    rig, network = start()
    begin_at(rig, 'full', may_shrink=False)
    heard, status = rig.listen('depth/image_rect'), rig.hear_statuses()
    network.memory_px = SMALL_SIZES['high']
    for _ in range(12):
        send_into_drop(rig, 'out_of_memory')
    rig.spin_until(lambda: status('network') and status('network')[0] == 'error')
    network.memory_px = SMALL_SIZES['full']
    rig.send_through(heard)
    rig.spin_until(lambda: status('network')[0] == 'ok')
    said = capfd.readouterr().err
    assert said.count('out of memory frame after frame at resolution full: set model.res') == 1
    assert said.count('the network gives depth again') == 1
    assert rig.node.exit_code == ExitCode.CLEAN


def test_frames_of_two_cameras_that_do_not_fit_together_are_worked_on_one_by_one(often, make_rig):
    """H1: no frame is lost, and the batch that failed is not tried again."""
    rig = make_rig(cameras=['left', 'right'])
    rig.node.start()
    pipeline = rig.node.pipeline
    estimator = pipeline.model.estimator
    estimator.network = network = FailingNetwork(estimator.network)
    for name in ('left', 'right'):
        rig.advertise_all(f'{name}/')
    heard = {name: rig.listen(f'{name}/depth/image_rect') for name in ('left', 'right')}
    rig.send_through(heard['left'], prefix='left/')
    network.memory_px = np.prod(network.sizes[0])
    pairs = hold_back(rig)
    for number in (1, 2):
        for name in heard:
            rig.send(f'{name}/')
        rig.spin_until(lambda: len(pairs) == 2)
        pipeline.process(dict(pairs))
        pairs.clear()
        rig.spin_until(lambda n=number: (len(heard['left']), len(heard['right'])) == (n + 1, n))
    assert len(network.sizes) == 1 + 3 + 2
    assert [camera.drops.snapshot() for camera in rig.node.cameras] == [{}, {}]


class Unrecorded(CudaGraphs):
    """Stands for CUDA graphs where there is no GPU: the network itself runs."""

    def __call__(self, network, *inputs):
        return network


@pytest.fixture
def compiled(start):
    """Start a node whose network is compiled for a size; return rig, network, compiled."""

    rig, network = start()
    pipeline = rig.node.pipeline
    graphs = CompiledNetwork(network, Unrecorded())
    with torch.inference_mode():
        graphs(torch.rand(1, 3, 28, 42), torch.rand(1, 1, 28, 42))
    graphs.compile_missed()
    assert graphs.sizes == 1
    pipeline.model = replace(pipeline.model, compiled=(graphs,))
    return rig, network, graphs


def test_compiled_networks_are_let_go_of_before_a_frame_is_lost(compiled):
    """H1: they only save time."""
    rig, network, graphs = compiled
    network.plan.append('out_of_memory')
    rig.send_through(rig.listen('depth/image_rect'))
    assert rig.drops == {}
    assert (graphs.sizes, graphs.problem) == (0, 'torch alone, no CUDA graphs: memory ran short')


def test_networks_compiled_for_another_resolution_are_let_go_of(small_sizes, compiled):
    """H1: and compiled anew, because a smaller network may leave room for them."""
    rig, network, graphs = compiled
    begin_at(rig, 'full', may_shrink=True)
    heard = rig.listen('depth/image_rect')
    graphs.make_room('memory ran short')
    network.memory_px = SMALL_SIZES['high']
    for _ in range(3):
        send_into_drop(rig, 'out_of_memory')
    rig.send_through(heard)
    assert rig.node.pipeline.model.estimator.resolution == 'high'
    assert graphs.problem == ''


def hold_back(rig):
    """Return what is handed over from now on, which the worker never sees."""
    pairs = {}
    rig.node.session.worker.offer = lambda camera, pair: bool(pairs.update({camera: pair}))
    return pairs


class Full:
    """A network that finds no memory on its device."""

    def to(self, device):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 9 MiB.')


@pytest.mark.parametrize('name, fix', [('vitl', 'set model.name:=vits'), ('', 'take a smaller')])
def test_too_little_memory_at_start_is_one_sentence(
    make_rig, network_folder, monkeypatch, capfd, name, fix
):
    """B9: what is needed, and what needs less; exit code 3."""
    rig = make_rig(**({'model.name': name, 'model.path': ''} if name else {}))
    monkeypatch.setattr(model_module, 'model_folder', lambda settings: network_folder)
    monkeypatch.setattr(model_module, 'fold', lambda *arguments, **options: Full())
    rig.node.start()
    assert rig.node.exit_code == ExitCode.MODEL_OR_DEVICE
    (line,) = (line for line in capfd.readouterr().err.splitlines() if 'FATAL' in line)
    assert 'no memory for random on cpu, whose weights alone have' in line
    assert fix in line


def test_the_memory_that_several_weight_files_need_is_told(tmp_path, network_folder, monkeypatch):
    network = load_network(network_folder)
    network.save_pretrained(tmp_path, max_shard_size='20KB')
    assert not (tmp_path / folder.WEIGHTS_FILE).exists()
    monkeypatch.setattr(model_module, 'fold', lambda *arguments, **options: Full())
    settings = schema.Settings(model=schema.ModelSettings(path=str(tmp_path)), device='cpu')
    with pytest.raises(DeviceError, match='whose weights alone have'):
        load_model(settings)


def test_free_memory_of_a_gpu_is_told(monkeypatch, network_folder):
    """B9: needed and free MiB."""
    monkeypatch.setattr(torch.cuda, 'mem_get_info', lambda device: (120 << 20, 8192 << 20))
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda device: 'Card')
    monkeypatch.setattr(model_module, 'choose_device', lambda name: torch.device('cuda', 0))
    monkeypatch.setattr(model_module, 'fold', lambda *arguments, **options: Full())
    with pytest.raises(DeviceError, match='on Card, whose weights alone have') as refusal:
        load_model(schema.Settings(model=schema.ModelSettings(path=str(network_folder))))
    assert '120 of 8192 MiB are free' in str(refusal.value)


# Wrong depth


@pytest.mark.parametrize(
    'spoilt, said',
    [
        (0.0, r'gives of a known frame is \d+\.\d mm off on average, more than 0\.5 mm'),
        (torch.nan, 'promptda-tiny gives no depth on cpu: model output invalid'),
    ],
    ids=['off', 'nan'],
)
def test_a_build_of_torch_that_computes_wrong_ends_the_start(
    make_rig, monkeypatch, capfd, spoilt, said
):
    """B8: found by the shipped frame, before anything is listened to; exit code 3."""
    attend = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(
        torch.nn.functional,
        'scaled_dot_product_attention',
        lambda *given, **how: spoilt * attend(*given, **how),
    )
    rig = make_rig(**{'model.path': '', 'model.name': 'promptda-tiny'})
    rig.node.start()
    assert rig.node.exit_code == ExitCode.MODEL_OR_DEVICE
    (line,) = (line for line in capfd.readouterr().err.splitlines() if 'FATAL' in line)
    assert re.search(f'self-test failed: .*{said}', line)
    assert '/image' not in {each.topic_name for each in rig.node.subscriptions}


def test_after_frames_that_are_no_depth_a_known_pair_gives_the_depth_it_gave_before(start):
    """B8, H4: NaN in mid-stream is not published, and nothing of it stays behind."""
    rig, network = start(prompt__smoothing=0)
    heard = rig.listen('depth/image_rect')
    before_m = metres(rig.send_through(heard))
    network.plan.extend(['nan'] * 3)
    for number in range(3):
        rig.send()
        rig.spin_until(lambda n=number: rig.drops == {'model_output': n + 1})
    np.testing.assert_array_equal(metres(rig.send_through(heard)), before_m)
    assert len(heard) == 2


# Lost and hung


def test_a_lost_device_ends_the_process_and_is_not_tried_again(start, capfd):
    """H2, H7: exit code 75, said once, in one line."""
    rig, network = start('ok', 'lost')
    heard = rig.listen('depth/image_rect')
    rig.send_through(heard)
    rig.send()
    rig.spin_until(lambda: rig.node.exit_code != ExitCode.CLEAN)
    assert rig.node.exit_code == ExitCode.GPU_LOST
    rig.send()
    assert rig.node.stop()
    said = capfd.readouterr().err
    assert said.count('the device is lost, only a new process can use it: CUDA error') == 1
    assert 'more for developers' not in said
    assert 'Traceback' not in said
    assert len(network.sizes) == 2
    assert len(heard) == 1


def test_a_device_that_is_lost_at_start_ends_the_process_for_a_restart(
    make_rig, monkeypatch, capfd
):
    """H2: a driver that has not recovered yet."""

    class Lost:
        def to(self, device):
            raise RuntimeError('CUDA driver error: unknown error')

    monkeypatch.setattr(model_module, 'fold', lambda *arguments, **options: Lost())
    rig = make_rig()
    rig.node.start()
    assert rig.node.exit_code == ExitCode.GPU_LOST
    assert capfd.readouterr().err.count('the device is lost') == 1


def without_patience(rig):
    """Let the node believe that frames take a millisecond."""
    rig.node.pipeline.model = replace(rig.node.pipeline.model, frame_sec=0.001)


class NotedWatchdog(Watchdog):
    """Keeps the longest time that one batch was seen to take."""

    longest_sec = 0.0

    def measure(self, busy_since_ns, now_ns):
        busy_sec = super().measure(busy_since_ns, now_ns)
        self.longest_sec = max(self.longest_sec, busy_sec)
        return busy_sec


def watch_the_watchdog(rig):
    """Return the watchdog from now on, which keeps what it saw."""
    rig.node.session.watchdog = NotedWatchdog()
    return rig.node.session.watchdog


def test_a_network_that_hangs_is_told_and_ends_the_process(start, capfd):
    """H3: at the timeout, in one sentence, on /diagnostics, too."""
    rig, network = start('ok', 'hang', watchdog__inference_timeout=0.5)
    without_patience(rig)
    heard, status = rig.listen('depth/image_rect'), rig.hear_statuses()
    rig.send_through(heard)
    rig.send()
    rig.spin_until(network.hangs.is_set)
    assert rig.node.exit_code == ExitCode.CLEAN
    rig.spin_until(lambda: rig.node.exit_code != ExitCode.CLEAN)
    assert rig.node.exit_code == ExitCode.GPU_LOST
    rig.spin_until(lambda: status('network')[0] == 'error')
    assert 'the network hangs on cpu: no answer for' in status('network')[1]
    assert capfd.readouterr().err.count('the network hangs on cpu: no answer for') == 1
    network.release.set()
    rig.spin_until(lambda: len(heard) == 2)


def deactivate_in_a_frame(rig, network, monkeypatch, then):
    """Deactivate the node while it works on a frame, and do something while it waits for it."""
    rig.send()
    rig.spin_until(network.hangs.is_set)
    watch = rig.node.session.watch

    def watch_and() -> None:
        then()
        watch()

    rig.node.session.watch = watch_and
    with monkeypatch.context() as impatient:
        impatient.setattr('promptda_ros.node.session.STOP_TIMEOUT_SEC', 0.01)
        return rig.node.trigger_deactivate()


def test_a_node_that_is_deactivated_in_a_long_frame_waits_for_it(start, monkeypatch):
    """A13: it was left active but deaf, where no activation could help it."""
    rig, network = start('hang')
    heard = rig.listen('depth/image_rect')
    done = deactivate_in_a_frame(rig, network, monkeypatch, network.release.set)
    assert done == TransitionCallbackReturn.SUCCESS
    assert rig.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    published = rig.publishers.values()
    rig.spin_until(lambda: all(rig.are_matched(each, rig.node) for each in published))
    rig.spin_until(lambda: len(heard) == 1)
    rig.send_through(heard)


def test_a_node_that_is_deactivated_while_its_network_hangs_ends(start, monkeypatch):
    """H3: the watchdog goes on while the transition waits."""
    rig, network = start('hang', watchdog__inference_timeout=0.5)
    without_patience(rig)
    rig.listen('depth/image_rect')
    done = deactivate_in_a_frame(rig, network, monkeypatch, lambda: None)
    assert done == TransitionCallbackReturn.FAILURE
    assert rig.node.exit_code == ExitCode.GPU_LOST
    network.release.set()


def test_a_signal_ends_the_wait_of_a_deactivation(start, monkeypatch):
    """I1: Ctrl-C waits for no network."""
    rig, network = start('hang')
    rig.listen('depth/image_rect')
    received = partial(setattr, rig.node, '_is_ending', lambda: True)
    done = deactivate_in_a_frame(rig, network, monkeypatch, received)
    assert done == TransitionCallbackReturn.FAILURE
    assert rig.node.exit_code == ExitCode.CLEAN
    network.release.set()


def test_a_network_that_hangs_while_the_clock_stands_still_ends_the_process(start):
    """F13, H3: a simulation that is paused, whose clock no timer of ours may follow."""
    rig, network = start('hang', watchdog__inference_timeout=0.5, use_sim_time=True)
    without_patience(rig)
    rig.listen('depth/image_rect')
    rig.send()
    rig.spin_until(network.hangs.is_set)
    rig.spin_until(lambda: rig.node.exit_code == ExitCode.GPU_LOST)
    network.release.set()


def test_a_network_that_was_slow_at_start_may_take_longer(start):
    """H3: no false alarm on a CPU."""
    rig, network = start('hang', watchdog__inference_timeout=0.5)
    rig.node.pipeline.model = replace(rig.node.pipeline.model, frame_sec=1.0)
    heard, watchdog = rig.listen('depth/image_rect'), watch_the_watchdog(rig)
    stamp_ns = rig.send()
    rig.spin_until(lambda: watchdog.longest_sec > 1.5)
    assert rig.node.exit_code == ExitCode.CLEAN
    network.release.set()
    rig.spin_until(lambda: heard)
    assert heard[0].header.stamp.nanosec == stamp_ns % 1_000_000_000


def test_a_network_that_is_compiled_may_take_longer(start, capfd):
    """H3: a long pause after a frame is no hang, but a hang in a frame stays one.

    What the pause costs is counted under its name, and both its ends are said.
    """
    release = threading.Event()

    class Slow:
        name = 'slow'
        tolerance = outliers = least_gain = 0.0
        longest_sec = CudaGraphs.longest_sec
        key = CudaGraphs.key

        def __init__(self, *arguments):
            release.wait()

        def __call__(self, pixels, prompt_m):
            return network(pixels, prompt_m)

    rig, network = start(*['ok'] * 6, 'hang', watchdog__inference_timeout=0.5)
    without_patience(rig)
    pipeline, watchdog = rig.node.pipeline, watch_the_watchdog(rig)
    compiled = CompiledNetwork(network, Slow)
    pipeline.model = replace(pipeline.model, compiled=(compiled,))
    pipeline.model.estimator.network = compiled
    heard = rig.listen('depth/image_rect')
    rig.send_through(heard)
    rig.spin_until(lambda: watchdog.longest_sec > 1.5)
    assert rig.node.exit_code == ExitCode.CLEAN
    rig.send()
    rig.send()
    rig.spin_until(lambda: rig.drops == {'compiling': 1})
    assert 'slow compiles the network for a new size of image' in capfd.readouterr().err
    release.set()
    rig.spin_until(lambda: compiled.sizes == 1 and len(heard) == 2)
    assert 's frames go on: the network runs compiled' in capfd.readouterr().err
    rig.send()
    rig.spin_until(lambda: rig.node.exit_code == ExitCode.GPU_LOST)
    network.release.set()
    rig.spin_until(lambda: len(heard) == 3)


@pytest.mark.setting('watchdog.inference_timeout')
def test_the_limit_grows_with_cameras_and_with_what_is_waited_for(often, make_rig):
    """H3: the frames of several cameras are worked on one after another."""
    rig = make_rig(
        cameras=['left', 'right'],
        extrinsics__timeout=2.0,
        sync__wait=0.25,
        left__sync__wait=0.5,
        watchdog__inference_timeout=6.0,
    )
    rig.node.start()
    rig.node.pipeline.model = replace(rig.node.pipeline.model, frame_sec=3.0)
    assert rig.node.session.limit_sec(0) == session.SLOWEST * 2 * 3.0 + 2 * 4.0 + 0.75
    without_patience(rig)
    assert rig.node.session.limit_sec(0) == 6.0 + 2 * 4.0 + 0.75


# Answers


def test_answers_that_are_no_depth_are_never_published_and_the_tenth_is_an_error(start, capfd):
    """H4, H5: an overflow in fp16 looks like this."""
    rig, _ = start(*['nan'] * INVALID_IN_A_ROW)
    heard, status = rig.listen('depth/image_rect'), rig.hear_statuses()
    for number in range(INVALID_IN_A_ROW):
        assert 'no depth was valid' not in rig.node.pipeline.health.problem, number
        send_into_drop(rig, 'model_output')
    rig.spin_until(lambda: status('network') and status('network')[0] == 'error')
    assert 'for 10 batches of frames in a row: set precision:=fp32' in status('network')[1]
    assert heard == []
    rig.send_through(heard)
    rig.spin_until(lambda: status('network')[0] == 'ok')
    said = capfd.readouterr().err
    assert said.count('ERROR') == 1
    assert 'model output invalid: 100.0% of the pixels' in said


def test_no_answer_is_kept_and_none_has_a_gradient(start):
    """H8: whatever is kept for every frame fills a GPU in the end."""
    rig, network = start()
    heard = rig.listen('depth/image_rect')
    graphs = []
    real = network.network

    def watch(pixels, prompt_m):
        answer = real(pixels, prompt_m)
        graphs.append((answer.requires_grad, answer.grad_fn))
        return answer

    network.network = watch
    for _ in range(4):
        rig.send_through(heard)
    assert graphs == [(False, None)] * 4
    assert rig.node.stop()
    gc.collect()
    assert [answer() for answer in network.answers] == [None] * 4


def test_the_same_pair_gives_the_same_depth_to_the_last_bit(start):
    """H9: on a CPU in float32, also with frames of another size and content in between."""
    rig, _ = start(prompt__smoothing=0, model__path='', model__name='promptda-tiny')
    heard, other = rig.listen('depth/image_rect'), Sensors(height=96, width=128)
    first_m = metres(rig.send_through(heard))
    stamp_ns = rig.next_stamp_ns()
    rig.send_through(heard, image=other.image(stamp_ns), depth=other.depth(stamp_ns))
    np.testing.assert_array_equal(metres(rig.send_through(heard)), first_m)
    assert np.isfinite(first_m).any()
