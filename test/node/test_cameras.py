# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several cameras in one node: apart in everything but the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import threading
import time
from typing import Any

import numpy as np
import pytest
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, PointCloud2

from promptda_ros.camera.camera import IMPATIENCE_SEC
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.settings.setting import SettingError
from promptda_ros.node.outputs import OUTPUTS

CAMERAS = ('left', 'right')


def stamp_ns_of(message):
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


@pytest.fixture
def pair_of_cameras(make_rig: Callable[..., Any]) -> Any:
    """Start a node with two cameras whose inputs are all published."""
    return start(make_rig)


def start(make_rig, **values):
    rig = make_rig(cameras=list(CAMERAS), **values)
    rig.node.start()
    for name in CAMERAS:
        rig.advertise_all(f'{name}/')
    return rig


def listen_to_both(rig):
    """Collect the depth of both cameras."""
    return {name: rig.listen(f'{name}/depth/image_rect') for name in CAMERAS}


def send_slowly(rig, name, **messages):
    """Send a frame of one camera and wait until it is received."""
    camera = next(each for each in rig.node.cameras if each.name == name)
    pairing = rig.node.session.inputs[camera].pairing

    def received():
        return pairing.counters.image.received, pairing.counters.depth.received

    images, depths = received()
    rig.send(f'{name}/', **messages)
    rig.spin_until(lambda: received() == (images + 1, depths + 1))


def messages_of(rig, name, *, frame_id=''):
    """Return image and depth of a frame of their own."""
    stamp_ns, frame_id = rig.next_stamp_ns(), frame_id or f'{name}_optical'
    depth = rig.sensors.depth(stamp_ns, frame_id)
    return {'image': rig.sensors.image(stamp_ns, frame_id), 'depth': depth}


class Gate:
    """Stands before the estimator and holds the worker back until the test opens it."""

    def __init__(self, rig: Any) -> None:
        self.batches: list[int] = []
        self._open = threading.Event()
        self.entered = threading.Event()
        pipeline = rig.node.pipeline
        self._real = pipeline.model.estimator
        pipeline.model = replace(pipeline.model, estimator=self)

    def open(self) -> None:
        """Let everything pass from now on."""
        self._open.set()

    def prepare(self, *arguments: Any) -> Any:
        """Wait, then prepare."""
        self.entered.set()
        assert self._open.wait(30)
        return self._real.prepare(*arguments)

    def infer(self, batch: Any) -> Any:
        """Note the size of the batch."""
        self.batches.append(len(batch))
        return self._real.infer(batch)

    def restore(self, *arguments: Any) -> Any:
        """Restore as usual."""
        return self._real.restore(*arguments)


def test_every_name_of_a_camera_begins_with_the_name_of_the_camera(pair_of_cameras):
    rig = pair_of_cameras
    inputs = {each.topic_name for each in rig.node.subscriptions}
    assert {'/left/image', '/right/depth', '/left/camera_info'} <= inputs
    assert not inputs & {'/image', '/depth', '/camera_info'}
    outputs = {each.topic_name for each in rig.node.publishers}
    assert {f'/promptda/{name}/{output}' for name in CAMERAS for output in OUTPUTS} <= outputs
    assert not outputs & {f'/promptda/{output}' for output in OUTPUTS}


def test_both_cameras_publish_with_their_own_stamps_frames_and_intrinsics(pair_of_cameras):
    rig = pair_of_cameras
    heard = listen_to_both(rig)
    clouds = {name: rig.listen(f'{name}/points', PointCloud2) for name in CAMERAS}
    infos = {name: rig.listen(f'{name}/depth/camera_info', CameraInfo) for name in CAMERAS}
    for number in range(3):
        sent = {}
        for name, focal_px in zip(CAMERAS, (100.0, 120.0), strict=True):
            pair = messages_of(rig, name)
            sent[name] = stamp_ns_of(pair['image'])
            info = rig.sensors.camera_info(sent[name], focal_px=focal_px)
            info.header.frame_id = f'{name}_optical'
            rig.send(f'{name}/', **pair, camera_info=info)
        rig.spin_until(
            lambda n=number: all(
                len(each[name]) == n + 1 for each in (heard, clouds, infos) for name in CAMERAS
            )
        )
        for name in CAMERAS:
            for message in (heard[name][-1], clouds[name][-1], infos[name][-1]):
                assert stamp_ns_of(message) == sent[name]
                assert message.header.frame_id == f'{name}_optical'
    assert (infos['left'][-1].k[0], infos['right'][-1].k[0]) == (100.0, 120.0)
    assert [camera.drops.snapshot() for camera in rig.node.cameras] == [{}, {}]


def test_a_silent_camera_holds_up_no_other_and_is_explained(impatient, make_rig):
    """The right one never publishes; the left one is served and well."""
    rig = make_rig(cameras=list(CAMERAS))
    rig.node.start()
    rig.advertise_all('left/')
    heard, latest = rig.listen('left/depth/image_rect'), rig.hear_statuses()

    def is_explained():
        send_slowly(rig, 'left')
        if not (heard and latest('right pairing') and latest('right pairing')[0] == 'error'):
            return False
        # One message has both, and may be older than the depth that was heard.
        is_counted = latest('left frames')[2]['published.depth/image_rect'] != '0'
        return is_counted and latest('left pairing')[0] == 'ok'

    rig.spin_until(is_explained)
    assert 'waiting for image on /right/image' in latest('right pairing')[1]
    assert latest('network')[2]['model.name'] == 'random'


def test_frames_that_wait_together_share_one_run_of_the_network(pair_of_cameras):
    rig = pair_of_cameras
    heard, gate = listen_to_both(rig), Gate(rig)
    rig.send('left/')
    rig.spin_until(gate.entered.is_set)
    waiting = rig.watch_offers()
    for name in CAMERAS:
        rig.send(f'{name}/')
    rig.spin_until(lambda: len(set(waiting)) == 2)
    gate.open()
    rig.spin_until(lambda: len(heard['left']) == 2 and len(heard['right']) == 1)
    assert gate.batches == [1, 2]
    np.testing.assert_allclose(*(metres(heard[name][-1]) for name in CAMERAS), rtol=1e-4)


def test_a_camera_that_overruns_costs_the_other_nothing(pair_of_cameras):
    """F18: newest wins, a camera at a time; nothing queues."""
    rig = pair_of_cameras
    heard, gate = listen_to_both(rig), Gate(rig)
    rig.send('right/')
    rig.spin_until(gate.entered.is_set)
    offered = rig.watch_offers()
    waiting = rig.send('right/')
    left, right = (camera.drops for camera in rig.node.cameras)
    for number in range(5):
        newest = rig.send('left/')
        rig.spin_until(lambda n=number: left.snapshot().get('overrun', 0) == n)
    assert len(set(offered)) == 2
    gate.open()
    rig.spin_until(lambda: len(heard['right']) == 2 and len(heard['left']) == 1)
    assert stamp_ns_of(heard['right'][-1]) == waiting
    assert stamp_ns_of(heard['left'][-1]) == newest
    assert (left.snapshot(), right.snapshot()) == ({'overrun': 4}, {})


@pytest.mark.parametrize('failure', ['bad frame', 'exception', 'answer'])
def test_a_bad_frame_of_one_camera_costs_the_other_nothing(pair_of_cameras, failure):
    """F19: whether its message, what reads it or what the network makes of it is bad."""
    rig = pair_of_cameras
    heard, gate = listen_to_both(rig), Gate(rig)
    rig.send('right/')
    rig.spin_until(gate.entered.is_set)
    pair = messages_of(rig, 'left')
    if failure == 'bad frame':
        pair['image'].step = 10
    elif failure == 'exception':
        rig.node.cameras[0].reader = None  # nothing to call
    else:
        real_infer = gate.infer

        def infer(batch):
            first, *others = real_infer(batch)
            return [first * np.nan, *others] if len(batch) == 2 else [first]

        gate.infer = infer
    waiting = rig.watch_offers()
    rig.send('left/', **pair)
    rig.send('right/')
    rig.spin_until(lambda: len(set(waiting)) == 2)
    gate.open()
    rig.spin_until(lambda: len(heard['right']) == 2)
    reasons = {'bad frame': 'image_step', 'exception': 'read_failed', 'answer': 'model_output'}
    left, right = (camera.drops.snapshot() for camera in rig.node.cameras)
    assert (left, right) == ({reasons[failure]: 1}, {})
    assert heard['left'] == []
    assert rig.node.exit_code == ExitCode.CLEAN


def test_parameters_of_one_camera_hold_for_it_alone(make_rig):
    rig = start(make_rig, left__output__pcl_layout=True)
    clouds = {name: rig.listen(f'{name}/points', PointCloud2) for name in CAMERAS}

    def steps():
        for name in CAMERAS:
            count = len(clouds[name])
            rig.send(f'{name}/')
            rig.spin_until(lambda n=name, c=count: len(clouds[n]) > c)
        return tuple(clouds[name][-1].point_step for name in CAMERAS)

    assert steps() == (32, 16)
    rig.node.set_parameters([Parameter('right.output.pcl_layout', value=True)])
    assert steps() == (32, 32)
    rig.node.set_parameters([Parameter('left.output.pcl_layout', value=False)])
    assert steps() == (16, 32)


def test_each_camera_has_an_offset_of_its_own_and_its_remedy(impatient, make_rig):
    """F4: the depth of the left camera lags; the parameter that is named is the left one's."""
    rig = start(make_rig)
    latest = rig.hear_statuses()
    heard = listen_to_both(rig)

    def send_late():
        stamp_ns = [rig.next_stamp_ns() for _ in range(6)][-1]  # about 5 Hz
        depth = rig.sensors.depth(stamp_ns + 40_000_000)
        send_slowly(rig, 'left', image=rig.sensors.image(stamp_ns), depth=depth)
        send_slowly(rig, 'right')

    def is_explained():
        send_late()
        return latest('left pairing') and 'lags image by 40.0 ms' in latest('left pairing')[1]

    rig.spin_until(is_explained)
    assert 'left.sync.depth_time_offset:=-0.040' in latest('left pairing')[1]
    assert heard['left'] == []
    rig.node.set_parameters([Parameter('left.sync.depth_time_offset', value=-0.04)])

    def is_paired():
        send_late()
        return heard['left']

    rig.spin_until(is_paired)
    assert heard['right']


def test_a_camera_that_waits_in_vain_does_so_once_in_a_while(pair_of_cameras, monkeypatch):
    """One whose transform is missing must not slow the others down with every frame."""
    rig, now_ns = pair_of_cameras, [time.monotonic_ns()]
    heard, waits = listen_to_both(rig), []

    class Tf:
        def camera_from_sensor(self, sensor_frame, camera_frame, stamp_ns, settings):
            if sensor_frame == camera_frame:
                return
            waits.append(settings.timeout)
            raise BadFrame('no_transform', 'not known')

    left = rig.node.cameras[0]
    monkeypatch.setattr(left, 'clock_ns', lambda: now_ns[0])
    left.reader.alignment.extrinsics = Tf()
    for number in range(3):
        pair = messages_of(rig, 'left')
        pair['depth'].header.frame_id = 'elsewhere'
        rig.send('left/', **pair)
        rig.spin_until(lambda n=number: left.drops.snapshot() == {'no_transform': n + 1})
    rig.send('right/')
    rig.spin_until(lambda: heard['right'])
    assert waits == [0.1, 0.0, 0.0]
    now_ns[0] += round(IMPATIENCE_SEC * 1e9)
    pair = messages_of(rig, 'left')
    pair['depth'].header.frame_id = 'elsewhere'
    rig.send('left/', **pair)
    rig.spin_until(lambda: len(waits) == 4)
    assert waits[-1] == 0.1


def test_a_camera_that_can_not_be_named_stops_the_start(make_rig):
    """A2: exit code 2."""
    with pytest.raises(SettingError, match="can't be part of a ROS name"):
        make_rig(cameras=['left', '2nd'])


def metres(message):
    """Return the depth of a 32FC1 message."""
    return np.frombuffer(message.data, '<f4').reshape(message.height, message.width)
