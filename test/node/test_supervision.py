# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the running node says of itself: on /diagnostics, and in the log when it is silent."""

from __future__ import annotations

import os
from pathlib import Path
import re
import subprocess
import sys

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
import yaml

from promptda_ros.core.frame import Depth, Prompt, Reading
from promptda_ros.node.supervision import ENDLESS_RESETS
from test.node.conftest import FIRST_STAMP_NS, PERIOD_NS, stamp_ns_of
from test.sensors import Sensors


def test_diagnostics_tell_of_pairs_frames_and_the_network(often, rig):
    """REP 107: three parts, all well while frames pass."""
    heard, latest = rig.listen('depth/image_rect'), rig.hear_statuses()
    rig.send_through(heard)
    rig.spin_until(
        lambda: latest('frames') and latest('frames')[2].get('published.depth/image_rect') == '1'
    )
    level, text, values = latest('pairing')
    assert (level, text, values['pairs']) == ('ok', 'image and depth are paired', '1')
    level, text, values = latest('frames')
    assert (level, text) == ('ok', 'frames pass')
    assert {'stage_ms.read.p50', 'stage_ms.infer.p99', 'drops.overrun'} <= values.keys()
    level, text, values = latest('network')
    assert level == 'ok'
    assert values['model.name'] == 'random'
    assert len(values['model.sha256']) == 64
    assert float(values['prompt.near_m']) == pytest.approx(0.5)


def test_the_log_and_every_status_name_the_network_that_runs(often, make_rig, capfd):
    """J7: the folder and digest of whatever answers, and its caution; nobody takes it for another.

    No network but one of a folder can run: there is none that makes depth up.
    """
    embedded = make_rig(**{'model.path': '', 'model.name': 'promptda-tiny'})
    embedded.node.start()
    model = embedded.node.pipeline.model
    log = capfd.readouterr().err
    named = f'promptda-tiny ({model.sha256[:8]}) on cpu'
    assert f': {named}' in log
    assert 'before a robot relies on its depth' in log
    heard: list[DiagnosticArray] = []
    embedded.peer.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
    embedded.spin_until(lambda: heard)
    statuses = heard[-1].status
    assert len(statuses) == 3
    assert all(each.hardware_id.startswith(named) for each in statuses)


def test_a_saturated_scene_is_reported_with_its_share(often, rig):
    """D18: nearer than every prompt pixel; more than a fifth of the frame is worth a warning."""
    latest = rig.hear_statuses()
    nothing = np.zeros((10, 10), np.bool_)
    metres = np.ones((10, 10), np.float32)
    reading = Reading(metres, measured=~nothing, beyond=np.eye(10, dtype=np.bool_))
    prompt = Prompt(metres, ~nothing, nothing, near_m=0.5, far_m=1.5, reading=reading)
    for share, level in ((0.19, 'ok'), (0.21, 'warn')):
        saturated = np.arange(100).reshape(10, 10) < 100 * share
        rig.camera.latest = Depth(metres, prompt, saturated)
        rig.spin_until(
            lambda s=share: latest('network') and latest('network')[2].get('saturated') == str(s)
        )
        assert latest('network')[0] == level
    assert '21% of the depth lies at an end' in latest('network')[1]
    assert '0.50 to 1.50 m' in latest('network')[1]
    values = latest('network')[2]
    assert (values['prompt.beyond_range'], values['prompt.nearer_than_range']) == ('0.1', '0')


def test_dropped_frames_are_a_warning_with_their_reason(often, rig):
    rig.camera.drops.add('image_step', 'step 10 < 1920')
    latest = rig.hear_statuses()
    rig.spin_until(lambda: latest('frames'))
    level, text, values = latest('frames')
    assert (level, text, values['drops.image_step']) == ('warn', 'step 10 < 1920', '1')


def test_silence_is_explained_once_and_its_end_told(impatient, make_rig, capfd):
    """G5, G6, G7: nobody publishes, then only the image comes, then both."""
    rig = make_rig()
    rig.node.start()
    latest, said = rig.hear_statuses(), []

    def hears(text):
        def is_said():
            said.append(capfd.readouterr().err)
            return text in ''.join(said)

        rig.spin_until(is_said)

    hears('waiting for image on /image (0 publishers)')
    rig.spin_until(lambda: latest('pairing')[0] == 'error')
    rig.advertise('image')
    rig.spin_until(lambda: 'image topic /image has 1 publisher(s)' in latest('pairing')[1])
    rig.send()
    rig.spin_until(lambda: 'waiting for depth on /depth' in latest('pairing')[1])
    rig.advertise('depth')
    rig.spin_until(lambda: 'depth topic /depth has 1 publisher(s)' in latest('pairing')[1])
    rig.send_through(rig.listen('depth/image_rect'))
    hears('image and depth are paired again')
    assert ''.join(said).count('no pair for') == 1  # once in half a minute


DRIVER = """
import time

import numpy as np
import rclpy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from promptda_ros.messages.message_types import ros_types
from promptda_ros.messages.outgoing_images import image_of

rclpy.init()
node, types = rclpy.create_node('driver'), ros_types()
topics = {
    '/image': (np.full((84, 112, 3), 90, np.uint8), 'rgb8'),
    '/depth': (np.linspace(500, 1500, 588).astype(np.uint16).reshape(21, 28), '16UC1'),
}
publishers = {topic: node.create_publisher(Image, topic, 10) for topic in topics}
while not all(each.get_subscription_count() for each in publishers.values()):
    time.sleep(0.01)
while True:
    stamp = node.get_clock().now()
    print(stamp.nanoseconds, flush=True)
    header = Header(stamp=stamp.to_msg(), frame_id='camera')
    for topic, (pixels, encoding) in topics.items():
        publishers[topic].publish(image_of(pixels, header, encoding, types))
    time.sleep(0.05)
"""


@pytest.fixture
def start_driver(domain_id):
    """Start a process that publishes pairs and prints their stamps."""
    processes = []

    def start():
        processes.append(
            subprocess.Popen(
                [sys.executable, '-c', DRIVER],
                cwd=Path(__file__).parents[2],
                env={**os.environ, 'ROS_DOMAIN_ID': str(domain_id)},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_driver_that_dies_stops_the_output_and_its_successor_resumes_it(
    impatient, make_rig, start_driver, capfd
):
    """G5: killed; what it sent last is not repeated, and the node is not restarted."""
    rig = make_rig()
    rig.node.start()
    heard, latest = rig.listen('depth/image_rect'), rig.hear_statuses()
    driver = start_driver()
    rig.spin_until(lambda: len(heard) >= 2)
    driver.kill()
    sent = [int(line) for line in driver.communicate()[0].split()]
    wait_for_text(rig, capfd, 'no pair for ')
    worker, published = rig.node.session.worker, rig.camera.outputs.published
    rig.spin_until(
        lambda: worker.busy_since_ns is None and published()['depth/image_rect'] == len(heard)
    )
    before = len(heard)
    rig.spin_until(lambda: latest('pairing')[0] == 'error')
    stamps = [stamp_ns_of(depth) for depth in heard]
    assert (len(stamps), {*stamps} - {*sent}) == (before, set())
    assert stamps == sorted({*stamps})
    driver = start_driver()
    rig.spin_until(lambda: len(heard) > before)
    first_two = [int(driver.stdout.readline()) for _ in range(2)]
    assert stamp_ns_of(heard[before]) in first_two
    wait_for_text(rig, capfd, 'image and depth are paired again')
    rig.spin_until(lambda: latest('pairing')[0] == 'ok')
    assert rig.pairing.counters.resets == 0


def test_an_offset_beyond_the_tolerance_is_told_with_its_remedy(impatient, rig):
    """F4: depth lags by 40 ms; the setting that it names fixes it."""
    pairing = rig.pairing
    heard, latest = rig.listen('depth/image_rect'), rig.hear_statuses()

    def send_late():
        stamp_ns = [rig.next_stamp_ns() for _ in range(6)][-1]  # about 5 Hz
        image, depth = rig.sensors.image(stamp_ns), rig.sensors.depth(stamp_ns + 40_000_000)
        received = pairing.counters.image.received, pairing.counters.depth.received
        rig.send(image=image, depth=depth)
        expected = tuple(count + 1 for count in received)
        rig.spin_until(
            lambda: (pairing.counters.image.received, pairing.counters.depth.received) == expected
        )

    def is_explained():
        send_late()
        return latest('pairing') and 'depth lags image by 40.0 ms' in latest('pairing')[1]

    rig.spin_until(is_explained)
    assert 'sync.depth_time_offset:=-0.040' in latest('pairing')[1]
    assert heard == []
    rig.node.set_parameters([Parameter('sync.depth_time_offset', value=-0.04)])

    def is_paired():
        send_late()
        return heard

    rig.spin_until(is_paired)


def test_images_of_the_future_are_published_and_told_once(often, rig, capfd):
    """F16: 100 s ahead of the clock; nothing waits for that time."""
    heard = rig.listen('depth/image_rect')
    rig.stamp_ns = rig.node.get_clock().now().nanoseconds + 100_000_000_000
    for _ in range(2):
        rig.send_through(heard)
    said = []

    def is_said():
        said.append(capfd.readouterr().err)
        return 's in the future' in ''.join(said)

    rig.spin_until(is_said)
    rig.send_through(heard)
    assert ''.join([*said, capfd.readouterr().err]).count('s in the future') == 1


def test_clocks_that_drift_are_told_and_pairs_stay_right_meanwhile(often, rig, capfd, monkeypatch):
    """F5: 75 us/s, told after some seconds of stamps; depth is of its image in every pair."""
    monkeypatch.setattr('promptda_ros.core.pairing.offsets._BLOCK', BLOCK)
    rig.sensors = Sensors(height=28, width=28)
    pairs = []
    rig.node.session.worker.offer = lambda camera, pair: pairs.append(pair)
    sent = []
    for _ in range(9 * BLOCK):
        stamp_ns = rig.stamp_ns + PERIOD_NS
        late_ns = (stamp_ns - FIRST_STAMP_NS) * 75 // 1_000_000
        sent.append((stamp_ns, stamp_ns + late_ns))
        rig.send(image=rig.sensors.image(stamp_ns), depth=rig.sensors.depth(stamp_ns + late_ns))
        rig.spin_until(lambda: len(pairs) == len(sent))
    assert [(pair.image_stamp_ns, pair.depth_stamp_ns) for pair in pairs] == sent
    said = wait_for_text(rig, capfd, 'the clocks of image and depth drift apart: in ')
    left_sec = int(re.search(r'drift apart: in (\d+) s', said)[1])
    assert left_sec == pytest.approx(PERIOD_NS / 2 / 75_000 - 5, rel=0.1)


def test_a_clock_that_leaps_crawls_or_stops_costs_no_pair(impatient, make_rig, capfd):
    """F13: an hour ahead, a tenth and ten times of real time; patience is of steady time."""
    rig = make_rig(use_sim_time=True)
    rig.node.start()
    rig.advertise_all()
    clock = rig.peer.create_publisher(Clock, '/clock', 10)
    rig.spin_until(lambda: rig.are_matched(clock, rig.node))
    heard, latest = rig.listen('depth/image_rect'), rig.hear_statuses()

    def send_after(step_ns):
        rig.stamp_ns += step_ns - PERIOD_NS
        time_ns = rig.stamp_ns + PERIOD_NS
        sec, nanosec = divmod(time_ns, 1_000_000_000)
        clock.publish(Clock(clock=Time(sec=sec, nanosec=nanosec)))
        rig.spin_until(lambda: rig.node.get_clock().now().nanoseconds == time_ns)
        rig.send_through(heard)

    steps_ns = (PERIOD_NS, 3_600_000_000_000, PERIOD_NS // 10, 10 * PERIOD_NS)
    for step_ns in steps_ns:
        send_after(step_ns)
    # The clock stands still, as nobody sends: silence is told all the same, and ends at once.
    said = wait_for_text(rig, capfd, 'no pair for ')
    rig.spin_until(lambda: latest('pairing')[0] == 'error')
    send_after(PERIOD_NS)
    rig.spin_until(lambda: latest('pairing')[0] == 'ok')
    assert len(heard) == len(steps_ns) + 1
    assert (rig.pairing.counters.resets, rig.drops) == (0, {})
    assert 'pairing restarts' not in said


@pytest.fixture
def watchful(monkeypatch, impatient):
    """Let nodes started from now on judge the graph soon."""
    monkeypatch.setattr('promptda_ros.node.graph.LASTING_SEC', 0.1)


BLOCK = 16  # offsets behind a point of the drift line, of which eight are needed


def wait_for_text(rig, capfd, text):
    """Wait until the log has it; return all that was said until then."""
    said = []

    def is_said():
        said.append(capfd.readouterr().err)
        return text in ''.join(said)

    rig.spin_until(is_said)
    return ''.join(said)


def test_simulated_time_without_a_clock_is_told(watchful, make_rig, capfd):
    """F14: everything that asks for the time would get 0."""
    rig = make_rig(use_sim_time=True)
    rig.node.start()
    rig.advertise_all()
    heard, latest = rig.listen('depth/image_rect'), rig.hear_statuses()
    said = wait_for_text(rig, capfd, 'use_sim_time is true but /clock has no publisher')
    assert 'another node is named' not in said
    for _ in range(2):
        rig.send_through(heard)
    rig.spin_until(lambda: latest('pairing') and latest('pairing')[2]['pairs'] == '2')
    assert rig.drops == {}
    assert 'use_sim_time' not in capfd.readouterr().err


def test_a_second_node_of_this_name_is_told(watchful, make_rig, capfd):
    """A10: both start, both answer, both say so."""
    rigs = make_rig(), make_rig()
    first, second = rigs
    for each in rigs:
        each.node.start()
    publishers = [first.advertise(role, matched=False) for role in ('depth', 'image')]
    heard: list[Image] = []
    subscription = first.peer.create_subscription(
        Image, '/promptda/depth/image_rect', heard.append, 10
    )
    said = []

    def are_all_connected():
        second.spin_once()
        said.append(capfd.readouterr().err)
        outputs = [each.publisher_of('/promptda/depth/image_rect') for each in rigs]
        return (
            ''.join(said).count('another node is named /promptda') == len(rigs)
            and subscription.get_publisher_count() == len(rigs)
            and all(each.get_subscription_count() == 1 for each in outputs)
            and all(each.get_subscription_count() == len(rigs) for each in publishers)
        )

    first.spin_until(are_all_connected)
    stamp_ns = first.send()
    first.spin_until(lambda: second.spin_once() or len(heard) == len(rigs))
    assert {stamp_ns_of(depth) for depth in heard} == {stamp_ns}


def test_two_publishers_on_a_topic_are_told_with_their_names(watchful, rig, capfd):
    """G3: of unlike reliability; both are received, and whose frames they are is not known."""
    heard = rig.listen('depth/image_rect')
    reliable = rig.publishers['depth']
    qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    best_effort = rig.peer.create_publisher(Image, '/depth', qos)
    wait_for_text(rig, capfd, '2 publishers on /depth (/peer, /peer)')
    rig.spin_until(
        lambda: all(rig.are_matched(each, rig.node) for each in (reliable, best_effort))
    )
    for publisher in (reliable, best_effort, reliable):
        rig.publishers['depth'] = publisher
        rig.send_through(heard)
    assert rig.drops == {}
    assert capfd.readouterr().err.count('2 publishers on /depth') == 0  # said once


def test_a_listener_to_an_old_name_is_told_the_new_one_once(watchful, rig, capfd):
    said, heard = '', '/peer subscribed to /promptda/{0}, which is named /promptda/depth/{0} now'
    for name in ('validity', 'validity', 'uncertainty'):
        rig.listen(name)
        if heard.format(name) not in said:
            said += wait_for_text(rig, capfd, heard.format(name))
        rig.stop_listening(name)
    assert said.count(heard.format('validity')) == 1


@pytest.fixture
def unhurried(monkeypatch):
    """Let nodes started from now on remember names for longer than any machine takes."""
    monkeypatch.setattr('promptda_ros.camera.camera.MIXED_SEC', 1000.0)


def test_two_cameras_on_one_topic_are_not_mixed(unhurried, rig, capfd):
    """G4: their frames take turns; an error, since no later frame is better."""
    heard = rig.listen('depth/image_rect')
    longest = 'x' * 1000
    other = {role: rig.peer.create_publisher(Image, f'/{role}', 10) for role in ('image', 'depth')}
    cameras = {'left': rig.publishers, longest: other}
    rig.spin_until(lambda: all(rig.are_matched(each, rig.node) for each in other.values()))
    for number, frame in enumerate(('left', longest) * 2 + ('left',)):
        rig.publishers = cameras[frame]
        stamp_ns = rig.next_stamp_ns()
        image, depth = rig.sensors.image(stamp_ns, frame), rig.sensors.depth(stamp_ns, frame)
        rig.send(image=image, depth=depth)
        rig.spin_until(lambda n=number: len(heard) + sum(rig.drops.values()) == n + 1)
    assert rig.drops == {'mixed_cameras': 2}
    text = f"'left' and '{'x' * 64}...' alternate on /image"
    (line,) = (line for line in capfd.readouterr().err.splitlines() if text in line)
    assert line.startswith('[ERROR]')


def test_jumps_that_do_not_end_are_told_with_their_cause(often, rig, capfd):
    """K25: two recordings at once, for example; not one line for each."""
    rig.peer.create_publisher(Image, '/image', 10)
    rig.spin_until(lambda: rig.node.count_publishers('/image') == 2)
    latest = rig.hear_statuses()
    rig.spin_until(lambda: latest('pairing'))
    for number in range(3 * ENDLESS_RESETS):
        rig.pairing.reset(f'jump {number}')
        epochs = str(number + 2)
        rig.spin_until(lambda e=epochs: latest('pairing')[2]['epochs'] == e)
    said = capfd.readouterr().err
    assert said.count(f'pairing restarted {ENDLESS_RESETS} times in 10 s') == 1
    assert '2 publish on /image (/peer, /peer): end all but one' in said
    assert said.count('pairing restarts: jump') == ENDLESS_RESETS - 1


def test_the_aggregator_of_the_package_takes_every_status(often, make_rig):
    """Of two cameras, in a namespace, as they are on /diagnostics."""
    file = Path(__file__).resolve().parents[2] / 'config' / 'diagnostics_aggregator.yaml'
    analyzer = yaml.safe_load(file.read_text())['/**']['ros__parameters']['promptda']
    rig, heard = make_rig('-r', '__ns:=/robot1', cameras=['left', 'wrist']), []
    rig.node.start()
    rig.peer.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
    rig.spin_until(lambda: heard)
    names = [each.name for each in heard[0].status]
    assert len(names) == 5
    assert all(re.fullmatch(analyzer['regex'][0], name) for name in names)
