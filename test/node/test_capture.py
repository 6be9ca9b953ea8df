# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service ~/capture: what it publishes was measured after the call, and stays there."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_srvs.srv import Trigger

from promptda_ros.node.capture import CAPTURED

BURST = 150
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# Of a clock of its own, and later than every request
FRESH = SimpleNamespace(image_arrival_ns=2**62, image_stamp_ns=0)


def stamp_ns_of(message):
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def metres(message):
    """Return the depth of a 32FC1 message."""
    return np.frombuffer(message.data, '<f4').reshape(message.height, message.width)


class Caller:
    """Calls ~/capture and hears what is latched on its topics."""

    def __init__(self, rig, camera='', **qos):
        self._rig = rig
        self.prefix = f'{camera}/' if camera else ''
        self._client = rig.peer.create_client(Trigger, f'/promptda/{self.prefix}capture', **qos)
        rig.spin_until(self._client.service_is_ready)

    def call(self):
        """Send the request, wait until the node has it; return the future response."""
        waiting = self._timers()
        future = self._client.call_async(Trigger.Request())
        self._rig.spin_until(lambda: future.done() or self._timers() > waiting)
        return future

    def call_many(self, count):
        """Send requests at once; return the future responses."""
        return [self._client.call_async(Trigger.Request()) for _ in range(count)]

    def waits(self):
        """Tell whether a request waits for a frame."""
        return self._capture().wants(FRESH)

    def answer(self, future):
        """Wait for the response."""
        self._rig.spin_until(future.done)
        return future.result()

    def latched(self):
        """Subscribe now, when everything has been published, and return one message of each."""
        heard = {}
        for name, kind in CAPTURED.items():
            topic = f'/promptda/{self.prefix}capture/{name}'
            keep = self._rig.peer.create_subscription(
                kind, topic, lambda message, n=name: heard.setdefault(n, message), LATCHED
            )
            self._rig.spin_until(lambda n=name: n in heard)
            self._rig.peer.destroy_subscription(keep)
        return heard

    def _timers(self):
        """Count the timers of the node, of which each capture that waits has one."""
        return len([*self._rig.node.timers])

    def _capture(self):
        name = self.prefix.rstrip('/')
        return next(each.capture for each in self._rig.node.cameras if each.name == name)


@pytest.fixture
def caller(rig):
    return Caller(rig)


def test_a_capture_takes_the_frames_that_it_needs_beyond_the_rate(rig, caller):
    """Otherwise three frames at 0.1 Hz would take half a minute."""
    values = {'output.max_rate': 0.1, 'capture.frames': 3}
    rig.node.set_parameters([Parameter(name, value=value) for name, value in values.items()])
    heard = rig.listen('depth/image_rect')
    rig.send_through(heard)
    future = caller.call()
    for _ in range(3):
        rig.send_through(heard)
    assert caller.answer(future).message.startswith('captured 3 frames')
    rig.send()
    rig.spin_until(lambda: rig.drops == {'rate_limit': 1})


def farther(rig, by_m):
    """Return a frame that is farther away than usual by some metres."""
    stamp_ns = rig.next_stamp_ns()
    depth = rig.sensors.depth(stamp_ns)
    counts = np.frombuffer(depth.data, np.uint16) + np.uint16(1000 * by_m)
    depth.data = counts.tobytes()
    return {'image': rig.sensors.image(stamp_ns), 'depth': depth}


def test_a_capture_is_latched_and_of_one_moment(rig, caller):
    """Nobody listens to the stream, and nobody to the capture until it is over."""
    future = caller.call()
    stamp_ns = rig.send()
    answer = caller.answer(future)
    assert answer.success
    seconds, rest = divmod(stamp_ns, 1_000_000_000)
    assert answer.message == f'captured one frame, stamp {seconds}.{rest:09d}'
    found = caller.latched()
    assert {name: type(message) for name, message in found.items()} == {
        'depth': Image,
        'points': PointCloud2,
        'camera_info': CameraInfo,
    }
    for message in found.values():
        assert stamp_ns_of(message) == stamp_ns
        assert message.header.frame_id == 'camera_color_optical_frame'
        assert (message.height, message.width) == (84, 112)
    assert np.isfinite(metres(found['depth'])).all()
    assert rig.drops == {}


def test_a_capture_has_the_size_of_the_network_on_request(rig, caller):
    """And the camera_info that belongs to it."""
    rig.sensors.height, rig.sensors.width = 96, 128
    (result,) = rig.node.set_parameters([Parameter('output.resolution', value='network')])
    assert result.successful
    future = caller.call()
    rig.send()
    assert caller.answer(future).success
    found = caller.latched()
    assert {(each.height, each.width) for each in found.values()} == {(84, 126)}
    info, depth_m = found['camera_info'], metres(found['depth'])
    fx, _, cx, _, fy, cy, *_ = info.k
    assert [fx, cx] == pytest.approx([100 * 126 / 128, 64 * 126 / 128 - 0.5])
    assert [fy, cy] == pytest.approx([100 * 84 / 96, 48 * 84 / 96 - 0.5])
    assert info.p.tolist() == [fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0]
    points = np.frombuffer(found['points'].data, '<f4').reshape(84, 126, 4)
    known = np.isfinite(points[..., 2])
    assert known.any()
    rows, columns = np.nonzero(known)
    x, y, z = points[known][:, :3].T
    np.testing.assert_array_equal(z, depth_m[known])
    np.testing.assert_allclose(x / z * fx + cx, columns, atol=1e-3)
    np.testing.assert_allclose(y / z * fy + cy, rows, atol=1e-3)


def test_a_frame_from_before_the_call_is_not_captured(rig, caller):
    """It is in the hands of the worker while the request comes."""
    rig.listen('depth/image_rect')
    estimator = rig.node.pipeline.model.estimator
    entered, release = threading.Event(), threading.Event()
    real = estimator.prepare

    def prepare(*arguments):
        entered.set()
        assert release.wait(30)
        return real(*arguments)

    estimator.prepare = prepare
    rig.send()
    rig.spin_until(entered.is_set)
    future = caller.call()
    release.set()
    rig.spin_until(lambda: rig.camera.outputs.published()['depth/image_rect'] == 1)
    assert not future.done()
    stamp_ns = rig.send()
    assert caller.answer(future).success
    assert stamp_ns_of(caller.latched()['depth']) == stamp_ns


def test_where_the_clocks_are_one_the_image_is_of_after_the_call(monkeypatch, rig, caller):
    """An image that was on its way for 100 ms shows the arm that still moved."""
    monkeypatch.setattr(
        'promptda_ros.node.capture.SAME_CLOCK_NS', 1000 * 10**9
    )  # for busy machines
    future = caller.call()
    rig.stamp_ns = rig.node.get_clock().now().nanoseconds - 100_000_000
    rig.send()
    rig.spin_until(lambda: rig.drops == {'no_listener': 1})
    assert not future.done()
    rig.stamp_ns = rig.node.get_clock().now().nanoseconds
    stamp_ns = rig.send()
    assert caller.answer(future).success
    assert stamp_ns_of(caller.latched()['depth']) == stamp_ns


@pytest.mark.setting('capture.frames')
def test_a_capture_of_several_frames_is_their_median(rig, caller):
    """And has the stamp of the last one."""
    rig.node.set_parameters(
        [Parameter('capture.frames', value=3), Parameter('prompt.smoothing', value=0)]
    )
    heard = rig.listen('depth/image_rect')
    future = caller.call()
    for number, by_m in enumerate((0.0, 0.3, 0.1)):
        rig.send(**farther(rig, by_m))
        rig.spin_until(lambda n=number: len(heard) == n + 1)
    answer = caller.answer(future)
    assert answer.success
    assert answer.message.startswith('captured 3 frames')
    found = caller.latched()
    depths_m = [metres(message) for message in heard]
    np.testing.assert_array_equal(metres(found['depth']), np.median(depths_m, axis=0))
    assert {stamp_ns_of(message) for message in found.values()} == {stamp_ns_of(heard[-1])}


def test_requests_that_can_share_a_frame_share_it(rig, caller):
    """K26: both were there before it was taken, so that it is fresh enough for both."""
    futures = [caller.call(), Caller(rig).call()]
    stamp_ns = rig.send()
    first, second = (caller.answer(future) for future in futures)
    assert first.success
    assert (second.success, second.message) == (True, first.message)
    assert stamp_ns_of(caller.latched()['depth']) == stamp_ns
    assert rig.publisher_of('/promptda/capture/depth').get_subscription_count() == 0


def test_a_request_that_comes_later_has_frames_of_its_own(rig, caller):
    """Those from before it came show what may have moved since."""
    rig.node.set_parameters([Parameter('capture.frames', value=2)])
    heard = rig.listen('depth/image_rect')
    first = caller.call()
    rig.send_through(heard)
    second = Caller(rig).call()
    stamps = [rig.send()]
    assert str(stamps[0] % 1_000_000_000) in caller.answer(first).message
    assert not second.done()
    stamps.append(rig.send())
    assert str(stamps[1] % 1_000_000_000) in caller.answer(second).message


def test_of_a_burst_of_requests_each_is_answered(rig):
    """K26: those that arrive together share a capture."""
    rig.node.set_parameters([Parameter('capture.timeout', value=60.0)])
    caller = Caller(rig, qos_profile=QoSProfile(depth=BURST))
    futures = caller.call_many(BURST)
    rig.spin_until(caller.waits)

    def all_answered():
        rig.send()
        return all(future.done() for future in futures)

    rig.spin_until(all_answered)
    assert all(future.result().success for future in futures)
    assert not caller.waits()


def test_more_captures_than_can_be_waited_for_are_refused_at_once(monkeypatch, rig, caller):
    """K26: never left without an answer."""
    monkeypatch.setattr('promptda_ros.node.capture.MOST_WAITING', 3)
    rig.node.set_parameters([Parameter('capture.timeout', value=60.0)])
    futures = [caller.call() for _ in range(3)]
    refused = caller.answer(caller.call())
    assert not refused.success
    assert '3 captures are waited for already' in refused.message
    rig.send()
    assert all(caller.answer(future).success for future in futures)


def test_while_a_request_waits_everything_else_goes_on(rig, caller):
    """The executor also receives the images."""
    heard = rig.listen('depth/image_rect')
    rig.publishers.pop('camera_info')
    future = caller.call()
    for _ in range(3):
        rig.send_through(heard)
    assert rig.node.set_parameters([Parameter('sync.tolerance', value=0.1)])[0].successful
    assert not future.done()
    rig.advertise('camera_info')
    stamp_ns = rig.send()
    assert caller.answer(future).success
    assert stamp_ns_of(caller.latched()['depth']) == stamp_ns


@pytest.mark.setting('capture.timeout')
def test_a_capture_waits_as_long_as_set(rig, caller):
    rig.node.set_parameters([Parameter('capture.timeout', value=0.1)])
    answer = caller.answer(caller.call())
    assert answer.message.startswith('0 of 1 frames came within 0.1 s')


@pytest.mark.parametrize('what', ['nothing', 'bad depth', 'no camera_info', 'too few'])
def test_a_capture_that_comes_to_nothing_says_why(monkeypatch, rig, caller, what):
    monkeypatch.setattr('promptda_ros.camera.camera.GRACE_SEC', 0.0)
    frames, timeout = (10, 1.0) if what == 'too few' else (1, 0.5)
    if what == 'nothing':
        monkeypatch.setattr('promptda_ros.node.supervision.QUIET_WARN_SEC', 0.1)
    rig.node.set_parameters(
        [Parameter('capture.timeout', value=timeout), Parameter('capture.frames', value=frames)]
    )
    future = caller.call()
    if what == 'bad depth':
        stamp_ns = rig.next_stamp_ns()
        depth = rig.sensors.depth(stamp_ns, 'elsewhere')
        rig.send(image=rig.sensors.image(stamp_ns), depth=depth)
    elif what != 'nothing':
        if what == 'no camera_info':
            rig.publishers.pop('camera_info')
        rig.send()
    answer = caller.answer(future)
    assert not answer.success
    came = '1 of 10' if what == 'too few' else '0 of 1'
    assert answer.message.startswith(f'{came} frames came within {timeout:g} s: ')
    reason = {
        'nothing': 'image topic /image has 1 publisher(s) but no message arrives',
        'bad depth': "no transform from 'elsewhere' to",
        'no camera_info': 'no camera_info has arrived',
        'too few': 'raise capture.timeout',
    }[what]
    assert reason in answer.message
    assert not caller.waits()


def test_an_inactive_node_says_so_and_one_that_becomes_it_answers(rig, caller):
    """MoveIt users freeze the scene by deactivating: nothing is published, nobody waits."""

    def change(transition):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert rig.call(ChangeState, '/promptda/change_state', request).success

    heard = rig.listen('depth/image_rect')
    rig.send_through(heard)
    future = caller.call()
    change(Transition.TRANSITION_DEACTIVATE)
    answer = caller.answer(future)
    assert not answer.success
    assert answer.message == 'the node was deactivated before the capture finished'
    answer = caller.answer(caller.call())
    assert not answer.success
    assert 'the node is not active' in answer.message
    rig.send()
    change(Transition.TRANSITION_ACTIVATE)
    assert len(heard) == 1
    for publisher in rig.publishers.values():
        rig.spin_until(lambda each=publisher: rig.are_matched(each, rig.node))
    future = caller.call()
    rig.send()
    assert caller.answer(future).success
    assert len(heard) == 2


def test_each_camera_has_a_capture_of_its_own(make_rig):
    rig = make_rig(cameras=['left', 'right'])
    rig.node.start()
    for name in ('left', 'right'):
        rig.advertise_all(f'{name}/')
    left, right = Caller(rig, 'left'), Caller(rig, 'right')
    futures = [left.call(), right.call()]
    stamps = [rig.send('left/'), rig.send('right/')]
    assert all(caller.answer(f).success for caller, f in zip((left, right), futures, strict=True))
    assert [stamp_ns_of(each.latched()['depth']) for each in (left, right)] == stamps
