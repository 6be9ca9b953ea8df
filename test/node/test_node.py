# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node in process: names, parameters, life cycle, and that no failure ends it."""

from __future__ import annotations

import ast
from dataclasses import replace
import inspect
import os
from pathlib import Path
import random
import re
import threading
import weakref

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, PointCloud2
import torch

from promptda_ros import main
from promptda_ros.camera.calibration import ImageReference
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.runtime import log
from promptda_ros.core.runtime.guard import FAILURES_IN_A_ROW, GaveUp
from promptda_ros.core.settings.input import InputSettings
from promptda_ros.core.settings.setting import SettingError
from promptda_ros.node import node as node_module
from promptda_ros.node import session
from promptda_ros.node.outputs import OUTPUTS


def change_state(rig, transition):
    """Ask for a transition over the service; return whether it succeeded."""
    label = transition if isinstance(transition, str) else ''
    number = 0 if label else transition
    request = ChangeState.Request(transition=Transition(id=number, label=label))
    return rig.call(ChangeState, '/promptda/change_state', request).success


def state_of(rig):
    """Ask for the name of the state."""
    response = rig.call(GetState, '/promptda/get_state', GetState.Request())
    return response.current_state.label


# Names


def test_every_name_moves_with_namespace_node_name_and_remaps(make_rig):
    """A11: the documented names, elsewhere."""
    rig = make_rig(
        '-r', '__ns:=/robot1', '-r', '__node:=eyes', '-r', 'image:=/camera/color/image_raw',
        '-r', '~/points:=/grasping/points',
    )  # fmt: skip
    rig.node.start()
    inputs = {each.topic_name for each in rig.node.subscriptions}
    assert {'/camera/color/image_raw', '/robot1/depth', '/robot1/camera_info'} <= inputs
    outputs = {each.topic_name for each in rig.node.publishers}
    moved = {f'/robot1/eyes/{output}' for output in OUTPUTS if output != 'points'}
    assert {*moved, '/grasping/points', '/diagnostics'} <= outputs
    rig.advertise('image', topic='/camera/color/image_raw')
    rig.advertise('depth', topic='/robot1/depth')
    heard = rig.listen('depth/image_rect', name='/robot1/eyes')
    rig.send_through(heard)


def test_without_arguments_the_names_are_the_documented_ones(rig):
    """A11: nothing is named twice, nothing is absolute but /diagnostics."""
    inputs = {each.topic_name for each in rig.node.subscriptions}
    assert {'/image', '/depth', '/camera_info'} <= inputs
    outputs = {each.topic_name for each in rig.node.publishers}
    assert {f'/promptda/{output}' for output in OUTPUTS} <= outputs
    assert '/diagnostics' in outputs


@pytest.mark.parametrize('remap, focal_px', [('image:=/cam/image_rect', 90.0), ('', 100.0)])
def test_images_of_a_rectified_topic_take_p(make_rig, remap, focal_px):
    """Facts of camera_info: P belongs to image_rect, K to image_raw."""
    rig = make_rig(*(['-r', remap] if remap else []))
    rig.node.start()
    rig.advertise('image', topic=remap.partition(':=')[2])
    rig.advertise('depth')
    rig.advertise('camera_info')
    infos = rig.listen('depth/camera_info', CameraInfo)
    info = rig.sensors.camera_info(rig.next_stamp_ns())
    info.p[0] = 90.0
    assert rig.send_through(infos, camera_info=info).k[0] == focal_px


# Parameters


@pytest.mark.parametrize('value', ['abc', float('nan'), -0.1, 1e9])
def test_a_wrong_parameter_is_one_sentence_and_no_node(make_rig, value):
    """A2: main exits 2 with it."""
    with pytest.raises(SettingError, match=r'parameter sync\.tolerance: '):
        make_rig(sync__tolerance=value)


def test_an_int_for_a_double_is_taken_by_the_node(make_rig):
    """A1: to the end: pairs one second apart."""
    rig = make_rig(sync__tolerance=1, sync__wait=0)
    rig.node.start()
    rig.advertise_all()
    heard = rig.listen('depth/image_rect')
    stamp_ns = rig.next_stamp_ns()
    depth = rig.sensors.depth(stamp_ns - 900_000_000)
    rig.publishers['depth'].publish(depth)
    rig.spin_until(lambda: rig.pairing.counters.depth.received)
    rig.send_through(
        heard, image=rig.sensors.image(stamp_ns), depth=rig.sensors.depth(stamp_ns + 950_000_000)
    )


def test_a_read_only_parameter_is_refused_over_the_service(rig):
    """A4, B10: the node goes on, with the model that it has, also for the frame in work."""
    heard = rig.listen('depth/image_rect')
    model, before_m = rig.node.pipeline.model, rig.send_through(heard).data
    for name in ('model.path', 'model.name', 'model.sha256', 'precision', 'engine', 'device'):
        rig.send()
        changed = [Parameter(name, value='other').to_parameter_msg()]
        request = SetParameters.Request(parameters=changed)
        (result,) = rig.call(SetParameters, '/promptda/set_parameters', request).results
        assert not result.successful
        assert 'read-only' in result.reason
        assert rig.node.get_parameter(name).value != 'other'
    assert rig.send_through(heard).data == before_m
    assert rig.node.pipeline.model is model


def test_a_thousand_live_changes_cost_no_pair(rig):
    """A6: of tolerance, while frames stream; each takes effect, none loses one."""
    heard = rig.listen('depth/image_rect')
    draw = random.Random(6)
    for number in range(20):
        for _ in range(50):
            tolerance = draw.uniform(0.0, 1.0)
            changed = [Parameter('sync.tolerance', value=tolerance)]
            assert rig.node.set_parameters_atomically(changed).successful
        assert rig.pairing.settings.tolerance_ns == round(tolerance * 1e9)
        rig.send_through(heard)
        assert len(heard) == number + 1
    assert rig.drops == {}


def test_live_settings_reach_the_next_frame(rig):
    heard = rig.listen('points', PointCloud2)
    assert rig.send_through(heard).point_step == 16
    rig.node.set_parameters([Parameter('output.pcl_layout', value=True)])
    assert rig.send_through(heard).point_step == 32


def slope_at(rig, *, farther_m):
    """Return an image and a depth a little farther away than usual."""
    stamp_ns = rig.next_stamp_ns()
    image, depth = rig.sensors.image(stamp_ns), rig.sensors.depth(stamp_ns)
    counts = np.frombuffer(depth.data, np.uint16) + np.uint16(1000 * farther_m)
    depth.data = counts.tobytes()
    return {'image': image, 'depth': depth}


def test_depth_is_smoothed_over_time_until_the_user_wants_frames_apart(rig):
    heard, history = rig.listen('depth/image_rect'), rig.camera.history
    rig.send_through(heard)
    rig.send_through(heard, **slope_at(rig, farther_m=0.002))
    assert history.averaged_fraction == 1.0
    rig.node.set_parameters([Parameter('prompt.smoothing', value=0)])
    rig.send_through(heard)
    assert history.averaged_fraction == 0.0


def test_nothing_from_before_a_pause_of_the_node_is_averaged_in(rig):
    heard, history = rig.listen('depth/image_rect'), rig.camera.history
    rig.send_through(heard)
    rig.send_through(heard, **slope_at(rig, farther_m=0.002))
    assert change_state(rig, Transition.TRANSITION_DEACTIVATE)
    assert change_state(rig, Transition.TRANSITION_ACTIVATE)
    assert history.averaged_fraction == 0.0


# Life cycle


def test_an_invalid_transition_is_refused_and_the_node_lives(rig):
    """A13: rclpy itself would not answer."""
    heard = rig.listen('depth/image_rect')
    for transition in (
        Transition.TRANSITION_CONFIGURE,
        Transition.TRANSITION_ACTIVATE,
        Transition.TRANSITION_CLEANUP,
        99,
        'no such transition',
    ):
        assert change_state(rig, transition) is False
        assert state_of(rig) == 'active'
    rig.send_through(heard)


def test_the_life_cycle_goes_round_and_round(rig):
    """Inactive it is silent; cleaned up it has no outputs; then it works again."""
    threads = threading.active_count()
    for _ in range(3):
        rig.send_through(rig.listen('depth/image_rect'))
        rig.stop_listening('depth/image_rect')
        assert change_state(rig, Transition.TRANSITION_DEACTIVATE)
        assert state_of(rig) == 'inactive'
        assert '/image' not in {each.topic_name for each in rig.node.subscriptions}
        assert change_state(rig, Transition.TRANSITION_CLEANUP)
        assert state_of(rig) == 'unconfigured'
        outputs = {each.topic_name for each in rig.node.publishers}
        assert '/promptda/depth/image_rect' not in outputs
        assert '/diagnostics' not in outputs
        assert change_state(rig, Transition.TRANSITION_CONFIGURE)
        assert change_state(rig, Transition.TRANSITION_ACTIVATE)
        assert threading.active_count() == threads
        for publisher in rig.publishers.values():
            rig.spin_until(lambda each=publisher: rig.are_matched(each, rig.node))


ROUNDS = 15  # 100 take 44 s, and show the same


def resources():
    """Count descriptors, threads, and what this process maps of the memory that all share."""
    mapped = Path('/proc/self/maps').read_text().splitlines()
    shared = {line.split()[-1] for line in mapped if '/dev/shm/' in line}
    return len(os.listdir('/proc/self/fd')), threading.active_count(), len(shared)


def test_round_after_round_of_the_life_cycle_leaves_nothing_behind(rig):
    """A14: nothing grows after the third; then frames pass as ever."""
    assert change_state(rig, Transition.TRANSITION_DEACTIVATE)
    assert change_state(rig, Transition.TRANSITION_CLEANUP)
    counts = []
    for _ in range(ROUNDS):
        for transition in ('configure', 'activate', 'deactivate', 'cleanup'):
            assert change_state(rig, transition)
        counts.append(resources())
    assert max(counts[3:]) <= max(counts[:3])
    for transition in ('configure', 'activate'):
        assert change_state(rig, transition)
    rig.spin_until(
        lambda: all(rig.are_matched(each, rig.node) for each in rig.publishers.values())
    )
    rig.send_through(rig.listen('depth/image_rect'))


def test_a_clean_up_gives_the_memory_of_the_network_back(rig, monkeypatch):
    """H7: for another program, or for the next configuration with a larger network."""
    is_loaded = []
    rig.send_through(rig.listen('depth/image_rect'))
    network = weakref.ref(rig.node.pipeline.model.estimator.network)
    monkeypatch.setattr(torch.cuda, 'empty_cache', lambda: is_loaded.append(bool(network())))
    assert change_state(rig, Transition.TRANSITION_DEACTIVATE)
    assert is_loaded == []
    assert change_state(rig, Transition.TRANSITION_CLEANUP)
    assert is_loaded == [False]


@pytest.mark.parametrize(
    'transition', [Transition.TRANSITION_ACTIVE_SHUTDOWN, 'shutdown'], ids=['number', 'label']
)
def test_shutting_down_ends_the_work(rig, transition):
    assert change_state(rig, transition)
    assert state_of(rig) == 'finalized'
    assert '/image' not in {each.topic_name for each in rig.node.subscriptions}


@pytest.mark.setting('autostart')
def test_a_lifecycle_manager_may_start_the_node(make_rig):
    """autostart: false."""
    rig = make_rig(autostart=False)
    rig.node.start()
    assert state_of(rig) == 'unconfigured'
    assert change_state(rig, Transition.TRANSITION_CONFIGURE)
    assert change_state(rig, Transition.TRANSITION_ACTIVATE)
    rig.advertise_all()
    rig.send_through(rig.listen('depth/image_rect'))


def test_stopping_twice_and_before_the_start_is_harmless(make_rig):
    rig = make_rig()
    assert rig.node.stop()
    rig.node.start()
    assert rig.node.stop()
    assert rig.node.stop()


def test_a_missing_model_is_said_in_one_line_before_any_subscription(make_rig, capfd):
    """B1: never random weights; exit code 3."""
    rig = make_rig(model__path='/nowhere/promptda')
    rig.node.start()
    assert rig.node.exit_code == ExitCode.MODEL_OR_DEVICE
    lines = capfd.readouterr().err.splitlines()
    loading, said = (line for line in lines if '/nowhere/promptda' in line)
    assert 'loading the network /nowhere/promptda' in loading
    assert 'FATAL' in said
    assert 'fetch_model' in said
    assert '/image' not in {each.topic_name for each in rig.node.subscriptions}
    assert state_of(rig) == 'unconfigured'


@pytest.mark.setting('device')
def test_a_missing_gpu_is_said_in_one_line(make_rig, capfd, monkeypatch):
    """A7: no CPU when CUDA was asked for; exit code 3."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    rig = make_rig(device='cuda:0')
    rig.node.start()
    assert rig.node.exit_code == ExitCode.MODEL_OR_DEVICE
    said = capfd.readouterr().err
    assert said.count("device 'cuda:0' requested but torch") == 1
    assert 'Traceback' not in said


def refusal_of(rig, capfd):
    """Start the node, which can't work on its device; return the sentence that it says."""
    rig.node.start()
    assert rig.node.exit_code == ExitCode.MODEL_OR_DEVICE
    assert '/image' not in {each.topic_name for each in rig.node.subscriptions}
    (line,) = (line for line in capfd.readouterr().err.splitlines() if 'FATAL' in line)
    return line


def test_a_gpu_beyond_those_that_are_there_ends_the_start(make_rig, capfd, monkeypatch):
    """A8: cuda:7 on a machine with one; exit code 3."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 1)
    monkeypatch.setattr(torch.cuda, 'get_device_name', lambda index: f'Card {index}')
    said = refusal_of(make_rig(device='cuda:7'), capfd)
    assert "device 'cuda:7' requested but this machine has 1: cuda:0 (Card 0)" in said


def test_a_driver_older_than_torch_ends_the_start(make_rig, capfd, monkeypatch):
    """A8: with what it has and what is needed, out of torch's own first call of the driver."""

    def start_cuda():
        raise RuntimeError(
            'The NVIDIA driver on your system is too old (found version 11040). Please update '
            'your GPU driver by downloading and installing a new version'
        )

    monkeypatch.setattr(torch.version, 'cuda', '13.0')
    monkeypatch.setattr(torch.cuda, '_lazy_init', start_cuda)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    said = refusal_of(make_rig(device='cuda'), capfd)
    assert (
        'built for CUDA 13.0): The NVIDIA driver on your system is too old (found version 11040)'
        in said
    )
    assert 'Please update' not in said


@pytest.mark.parametrize('device, warnings', [('auto', 1), ('cpu', 0)])
def test_auto_says_that_it_took_the_cpu(make_rig, capfd, monkeypatch, device, warnings):
    """A7: with the rate to be expected, and nothing to whoever asked for the CPU."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    rig = make_rig(device=device)
    rig.node.start()
    said = re.findall('no CUDA found: .* on the CPU at about .* frames/s', capfd.readouterr().err)
    assert len(said) == warnings


def test_auto_does_not_miss_a_gpu_that_is_there_but_runs_no_kernel(
    make_rig, capfd, gpu_without_kernels
):
    """A8: that it lacks kernels is said, and what to install."""
    make_rig(device='auto').node.start()
    said = capfd.readouterr().err
    assert 'the CPU is used, which is slow: no kernel runs on cuda:0' in said
    assert 'no CUDA found' not in said


# What fails while it runs


class Failing:
    """Stands in the place of the estimator and fails as told."""

    def __init__(self, error):
        self._error = error

    def prepare(self, frame, settings, output, history):
        """Raise."""
        raise self._error


def replace_estimator(rig, estimator):
    """Put another estimator in place; return the real one."""
    pipeline = rig.node.pipeline
    real = pipeline.model.estimator
    pipeline.model = replace(pipeline.model, estimator=estimator)
    return real


def test_an_answer_that_is_no_depth_is_dropped_and_told(rig, capfd):
    """H4: NaN of the network is never published."""
    heard = rig.listen('depth/image_rect')
    bad = BadFrame('model_output', 'model output invalid: 12.3 % of the pixels')
    real = replace_estimator(rig, Failing(bad))
    rig.send()
    rig.spin_until(lambda: rig.drops == {'model_output': 1})
    assert 'frame dropped: model output invalid: 12.3 %' in capfd.readouterr().err
    replace_estimator(rig, real)
    rig.send_through(heard)
    assert len(heard) == 1


def test_an_exception_in_the_worker_costs_one_frame_and_one_line(rig, capfd):
    """F19, I3: no traceback on the terminal; the next pair is published."""
    heard = rig.listen('depth/image_rect')
    real = replace_estimator(rig, Failing(RuntimeError('a kernel was not there')))
    rig.send()
    rig.spin_until(lambda: rig.drops == {'failed': 1})
    said = capfd.readouterr().err
    assert said.count('RuntimeError: a kernel was not there') == 1
    assert 'Traceback' not in said
    replace_estimator(rig, real)
    rig.send_through(heard)
    assert rig.node.exit_code == ExitCode.CLEAN


def test_ten_failures_of_the_worker_in_a_row_end_the_process(rig, capfd):
    """I3, I4: exit code 70, never silence."""
    rig.listen('depth/image_rect')
    replace_estimator(rig, Failing(RuntimeError('gone for good')))
    for number in range(FAILURES_IN_A_ROW):
        assert rig.node.exit_code == ExitCode.CLEAN
        rig.send()
        rig.spin_until(lambda n=number: rig.drops == {'failed': n + 1})
    rig.spin_until(lambda: rig.node.exit_code != ExitCode.CLEAN)
    assert rig.node.exit_code == ExitCode.INTERNAL
    assert 'the worker gave up: 10 failures in a row' in capfd.readouterr().err


def test_whatever_reading_raises_costs_the_frames_alone(rig, monkeypatch, tmp_path):
    """K9: messages of one camera must not end the others; the traceback is kept."""
    heard, real = rig.listen('depth/image_rect'), rig.camera.reader
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path))
    rig.camera.reader = None  # nothing to call
    for number in range(2 * FAILURES_IN_A_ROW):
        rig.send()
        rig.spin_until(lambda n=number: rig.drops == {'read_failed': n + 1})
    rig.camera.reader = real
    rig.send_through(heard)
    assert rig.node.exit_code == ExitCode.CLEAN
    assert 'AttributeError' in (tmp_path / log.TRACEBACK_FILE).read_text()


def test_drops_and_failures_are_told_by_one_logger(rig, capfd):
    """K9: rclpy raises where the same line of code logs under two severities."""
    rig.camera.drops.add('image_step', 'a frame was dropped')
    rig.node.report_error(OSError('a callback failed'))
    calibration = rig.camera.reader.calibration
    stamp_ns = rig.next_stamp_ns()
    odd = {'distortion_model': 'Plumb Bob', 'd': [0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]}
    info = rig.sensors.camera_info(stamp_ns, **odd)
    info.header.frame_id = 'elsewhere'
    calibration.add(info)
    size = info.height, info.width
    reference = ImageReference(stamp_ns, 'camera_color_optical_frame', *size)
    assert calibration.optics_of(reference, InputSettings(rectify=True)).rectifier is not None
    said = capfd.readouterr().err
    warned, told = "camera_info is of frame 'elsewhere'", '8 coefficients: taken for plumb_bob'
    for text in ('a frame was dropped', 'a callback failed', warned, told):
        assert said.count(text) == 1


def test_an_exception_in_a_callback_is_told_and_the_node_goes_on(rig, capfd):
    """I3: a timer that fails now and then."""
    heard = rig.listen('depth/image_rect')
    failed = []

    def fail():
        failed.append(1)
        timer.cancel()
        raise OSError('the graph is gone')

    timer = rig.node.create_timer(0.001, fail)
    rig.spin_until(lambda: failed)
    rig.send_through(heard)
    said = capfd.readouterr().err
    assert said.count('OSError: the graph is gone') == 1
    assert 'Traceback' not in said
    assert rig.node.exit_code == ExitCode.CLEAN


def test_ten_callbacks_in_a_row_that_fail_give_up(rig):
    """I3: main exits 70 with it."""
    failed = []

    def fail():
        failed.append(1)
        raise OSError('the graph is gone')

    assert rig.node.stop()  # no other callback in between
    rig.node.create_timer(0.0001, fail)
    with pytest.raises(GaveUp, match='10 failures in a row, the last: the graph is gone'):
        rig.spin_until(lambda: len(failed) > FAILURES_IN_A_ROW)


@pytest.mark.parametrize('part, method', [('pairing', 'add'), ('supervisor', 'tick')])
def test_a_callback_that_always_fails_gives_up_though_others_succeed(
    often, rig, capfd, monkeypatch, tmp_path, part, method
):
    """I3: subscriptions and timers; the traceback is in a file beside the log."""
    (supervisor,) = rig.node.session.supervisors
    owner = {'pairing': rig.pairing, 'supervisor': supervisor}[part]

    def fail(*arguments, **named):
        raise OSError('this always fails')

    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path))
    monkeypatch.setattr(owner, method, fail)

    def send_and_never_be_done():
        rig.send()
        return False

    with pytest.raises(GaveUp, match='10 failures in a row, the last: this always fails'):
        rig.spin_until(send_and_never_be_done)
    said = capfd.readouterr().err
    assert said.count('failed: OSError: this always fails') <= 3  # once in five seconds
    assert 'Traceback' not in said
    assert 'Traceback' in (tmp_path / log.TRACEBACK_FILE).read_text()


def test_the_process_waits_for_no_compilation_when_it_ends(rig, monkeypatch):
    """I1: it would take up to a minute."""
    monkeypatch.setattr(type(rig.node.pipeline.model), 'is_paused', True)
    monkeypatch.setattr(rig.node, 'stop', lambda: pytest.fail('waited for the worker'))
    monkeypatch.setattr(rig.node, 'destroy_node', lambda: None)
    ended_with = []
    monkeypatch.setattr('promptda_ros.main.end_process', ended_with.append)
    main.close(rig.node)
    monkeypatch.undo()
    assert ended_with == [ExitCode.CLEAN]


def test_a_worker_that_hangs_keeps_the_node_active_until_it_ends(rig, monkeypatch):
    """A second worker on the same network would be worse than a transition that fails."""
    monkeypatch.setattr(session, 'STOP_TIMEOUT_SEC', 0.01)
    heard = rig.listen('depth/image_rect')
    release, entered = threading.Event(), threading.Event()
    real = rig.node.pipeline.model.estimator

    class Hanging:
        def __getattr__(self, name):
            entered.set()
            assert release.wait(30)
            return getattr(real, name)

    replace_estimator(rig, Hanging())
    rig.send()
    rig.spin_until(entered.is_set)
    assert not change_state(rig, Transition.TRANSITION_DEACTIVATE)
    assert not rig.node.stop()
    release.set()
    rig.spin_until(rig.node.stop)
    assert len(heard) <= 1


def test_a_context_that_ends_while_frames_pass_ends_the_worker_quietly(rig, capfd):
    """I2: rclpy.shutdown() from outside."""
    heard = rig.listen('depth/image_rect')
    rig.send_through(heard)
    for _ in range(3):
        rig.send()
    rig.executor.spin_once(0.02)
    capfd.readouterr()
    rig.node.context.try_shutdown()
    assert rig.node.stop()
    said = capfd.readouterr().err
    assert 'Traceback' not in said
    assert 'RCLError' not in said
    assert rig.node.exit_code == ExitCode.CLEAN


def test_what_fails_after_a_signal_ended_the_context_is_not_told(rig, capfd):
    """I1, I2: the worker may publish a moment too late."""
    rig.node.context.try_shutdown()
    capfd.readouterr()
    rig.node.report_error(RuntimeError('publisher is invalid'))
    rig.node.report_worker_end(RuntimeError('publisher is invalid'))
    assert capfd.readouterr().err == ''
    assert rig.node.exit_code == ExitCode.CLEAN


def test_no_attribute_of_rclpy_is_taken(ros_context):
    """A name that is private to rclpy is as easily overwritten as a public one."""
    plain = LifecycleNode('plain', context=ros_context)
    theirs = {*vars(plain), *dir(LifecycleNode)}
    plain.destroy_node()
    ours = set()
    for part in ast.walk(ast.parse(inspect.getsource(node_module.PromptDepthNode))):
        if isinstance(part, ast.FunctionDef):
            ours.add(part.name)
        elif isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            ours.add(part.attr)
    transitions = ('configure', 'activate', 'deactivate', 'cleanup', 'shutdown', 'error')
    meant = {'__init__', '_LifecycleNodeMixin__on_change_state'}
    meant |= {'destroy_node', '_state_machine'}  # which holds shared memory until it is gone
    assert ours & theirs == meant | {f'on_{each}' for each in transitions}
