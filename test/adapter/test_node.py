# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node in process: what arrives, what is said, and that nothing ends it."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
import inspect
import random
import threading

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, PointCloud2, RegionOfInterest
from sensor_msgs_py import point_cloud2
import torch

from promptda_ros import node as node_module
from promptda_ros import supervision
from promptda_ros.core.frame import BadFrame, Depth
from promptda_ros.core.guard import FAILURES_IN_A_ROW, GaveUp
from promptda_ros.core.settings import SettingError
from promptda_ros.exit_codes import ExitCode
from promptda_ros.outputs import OUTPUTS

NAN, INF = float('nan'), float('inf')
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


def stamp_ns_of(message):
    """Return the stamp of a message."""
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def send(rig, heard, **messages):
    """Send a frame and return the message that comes of it."""
    stamp_ns = rig.send(**messages)
    rig.spin_until(lambda: heard and stamp_ns_of(heard[-1]) == stamp_ns)
    return heard[-1]


def send_at(rig, heard, image, depth):
    """Send these messages and return what comes of them."""
    rig.send(image=image, depth=depth)
    rig.spin_until(lambda: heard and stamp_ns_of(heard[-1]) == stamp_ns_of(image))
    return heard[-1]


def drops_of(rig):
    """Return the counters of dropped frames."""
    return rig.node._pipeline.drops.snapshot()


def metres(message):
    """Return the depth of a 32FC1 message."""
    return np.frombuffer(message.data, '<f4').reshape(message.height, message.width)


def change_state(rig, transition, name='/promptda'):
    """Ask for a transition over the service; return whether it succeeded."""
    label = transition if isinstance(transition, str) else ''
    number = 0 if label else transition
    request = ChangeState.Request(transition=Transition(id=number, label=label))
    return rig.call(ChangeState, f'{name}/change_state', request).success


def state_of(rig):
    """Ask for the name of the state."""
    response = rig.call(GetState, '/promptda/get_state', GetState.Request())
    return response.current_state.label


@pytest.fixture
def often(monkeypatch):
    """Report many times a second."""
    monkeypatch.setattr(node_module, 'REPORT_PERIOD_SEC', 0.02)


@pytest.fixture
def impatient(monkeypatch, often):
    """Lose patience soon."""
    monkeypatch.setattr(supervision, 'QUIET_WARN_SEC', 0.1)
    monkeypatch.setattr(supervision, 'QUIET_ERROR_SEC', 0.2)


def statuses(rig):
    """Listen to /diagnostics; return a function that gives (level, message, values) of a part."""
    heard = []
    rig.peer.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)

    def latest(part):
        if not heard:
            return None
        (found,) = [each for each in heard[-1].status if each.name.endswith(f': {part}')]
        values = {each.key: each.value for each in found.values}
        return ('ok', 'warn', 'error')[found.level[0]], found.message, values

    return latest


# Frames


def test_every_output_of_every_frame_has_the_header_of_its_image(rig):
    """100 % of ten frames, to the nanosecond; stamps never go back."""
    heard = {output: rig.listen(output, kind) for output, kind in OUTPUTS.items()}
    sent = []
    for number in range(10):
        sent.append(rig.send())
        rig.spin_until(lambda n=number: all(len(each) == n + 1 for each in heard.values()))
    for messages in heard.values():
        assert [stamp_ns_of(message) for message in messages] == sent
        assert {message.header.frame_id for message in messages} == {'camera_color_optical_frame'}
        assert {(message.height, message.width) for message in messages} == {(84, 112)}
    assert drops_of(rig) == {}


def test_depth_is_finite_and_inside_what_the_sensor_measured(rig):
    depth_m = metres(send(rig, rig.listen('depth/image_rect')))
    assert np.isfinite(depth_m).all()
    assert 0.5 <= depth_m.min() <= depth_m.max() <= 1.5


def test_the_cloud_is_the_back_projection_of_depth_and_camera_info(rig):
    """J3: as a consumer would compute it from the other outputs."""
    heard = rig.listen('depth/image_rect')
    infos, clouds = rig.listen('depth/camera_info', CameraInfo), rig.listen('points', PointCloud2)
    rig.node.set_parameters([Parameter('output.edge_filter', value=False)])
    depth_m = metres(send(rig, heard))
    rig.spin_until(lambda: infos and clouds)
    k = infos[0].k
    rows, columns = np.mgrid[0:84, 0:112]
    expected_m = np.stack(
        ((columns - k[2]) / k[0] * depth_m, (rows - k[5]) / k[4] * depth_m, depth_m), axis=-1
    )
    points = point_cloud2.read_points(clouds[0])
    found_m = np.stack([points[axis] for axis in 'xyz'], axis=-1).reshape(84, 112, 3)
    np.testing.assert_allclose(found_m, expected_m, atol=1e-5)


def test_resolution_and_shape_may_change_in_mid_stream(rig):
    """C7, C8: there and back, portrait and odd; camera_info always of the image's own size."""
    heard = rig.listen('depth/image_rect')
    infos = rig.listen('depth/camera_info', CameraInfo)
    sensors = type(rig.sensors)
    for height, width in ((84, 112), (168, 224), (84, 112), (112, 84), (479, 641)):
        rig.sensors = sensors(height=height, width=width)
        count = len(infos)
        depth = send(rig, heard)
        rig.spin_until(lambda n=count: len(infos) > n)
        assert (depth.height, depth.width) == (height, width)
        assert (infos[-1].height, infos[-1].width) == (height, width)
        assert infos[-1].header == depth.header
        assert infos[-1].k[2] == (width - 1) / 2
        assert np.isfinite(metres(depth)).any()
    assert drops_of(rig) == {}


def test_images_of_other_encodings_give_the_same_depth(rig):
    """C1: as the rgb8 rendition does."""
    heard = rig.listen('depth/image_rect')
    expected_m = metres(send(rig, heard))
    image = rig.sensors.image(rig.next_stamp_ns())
    pixels = np.frombuffer(image.data, np.uint8).reshape(84, 112, 3)
    image.encoding, image.step = 'bgr8', 112 * 3 + 5
    image.data = np.pad(pixels[..., ::-1].reshape(84, -1), ((0, 0), (0, 5))).tobytes()
    depth = rig.sensors.depth(stamp_ns_of(image))
    np.testing.assert_array_equal(metres(send_at(rig, heard, image, depth)), expected_m)


def test_an_empty_frame_id_passes_through(rig):
    """C12: and another one later is published as it is."""
    heard = rig.listen('depth/image_rect')
    for frame_id in ('', 'left_optical', ''):
        stamp_ns = rig.next_stamp_ns()
        image = rig.sensors.image(stamp_ns, frame_id)
        depth = send_at(rig, heard, image, rig.sensors.depth(stamp_ns, frame_id))
        assert depth.header.frame_id == frame_id


def bad_image(**fields):
    """Change fields of the image."""
    return 'image', fields


def bad_depth(**fields):
    """Change fields of the depth."""
    return 'depth', fields


FLOATS = {'encoding': '32FC1', 'step': 112}
BAD = {
    'C1 encoding': (bad_image(encoding='xyz'), 'image_encoding'),
    'C2 empty encoding': (bad_image(encoding=''), 'image_encoding'),
    'C2 encoding of a megabyte': (bad_image(encoding='x' * 1_000_000), 'image_encoding'),
    'C3 step 10': (bad_image(step=10), 'image_step'),
    'C3 step 0': (bad_image(step=0), 'image_step'),
    'C4 short': (bad_image(data=bytes(84 * 112 * 3 - 1)), 'image_data'),
    'C4 empty': (bad_image(data=b''), 'image_data'),
    'C5 no rows': (bad_image(height=0), 'image_size'),
    'C5 1x1': (bad_image(height=1, width=1), 'depth_aspect'),
    'C5 12x16': (bad_image(height=12, width=16), 'image_size'),
    'C5 header of 100000x100000': (bad_image(height=100_000, width=100_000), 'image_size'),
    'D encoding': (bad_depth(encoding='rgb8'), 'depth_encoding'),
    'D2 millimetres in floats': (
        bad_depth(**FLOATS, data=np.full((21, 28), 812, '<f4').tobytes()),
        'depth_unit',
    ),
    'D3 metres counted': (bad_depth(data=np.full((21, 28), 20, '<u2').tobytes()), 'depth_unit'),
    'D4 all NaN': (
        bad_depth(**FLOATS, data=np.full((21, 28), NAN, '<f4').tobytes()),
        'prompt_too_sparse',
    ),
    'D5 all zero': (bad_depth(data=bytes(21 * 28 * 2)), 'prompt_too_sparse'),
    'D6 all infinite': (
        bad_depth(**FLOATS, data=np.full((21, 28), INF, '<f4').tobytes()),
        'prompt_too_sparse',
    ),
    'D11 aspect': (bad_depth(height=14), 'depth_aspect'),
}


def test_every_bad_message_is_counted_and_the_next_pair_is_published(rig):
    """C1 to C5, D2 to D6, D11: dropped under a reason; recovery within one pair."""
    heard = rig.listen('depth/image_rect')
    for name, ((role, fields), reason) in BAD.items():
        before = Counter(drops_of(rig))
        stamp_ns = rig.next_stamp_ns()
        pair = {'image': rig.sensors.image(stamp_ns), 'depth': rig.sensors.depth(stamp_ns)}
        for field, value in fields.items():
            setattr(pair[role], field, value)
        rig.send(**pair)
        rig.spin_until(lambda then=before: Counter(drops_of(rig)) != then)
        assert Counter(drops_of(rig)) - before == {reason: 1}, name
        send(rig, heard)
    assert len(heard) == len(BAD)
    assert rig.node.exit_code == ExitCode.CLEAN


def test_depth_of_another_frame_is_refused_until_the_user_allows_it(rig, capfd):
    """D12: live, without a restart."""
    heard = rig.listen('depth/image_rect')
    stamp_ns = rig.next_stamp_ns()
    rig.send(image=rig.sensors.image(stamp_ns), depth=rig.sensors.depth(stamp_ns, 'depth_optical'))
    rig.spin_until(lambda: drops_of(rig) == {'frame_mismatch': 1})
    said = capfd.readouterr().err
    assert "depth frame 'depth_optical' is not the image frame" in said
    assert 'align_depth.enable:=true' in said
    rig.node.set_parameters([Parameter('input.allow_frame_mismatch', value=True)])
    stamp_ns = rig.next_stamp_ns()
    image = rig.sensors.image(stamp_ns)
    send_at(rig, heard, image, rig.sensors.depth(stamp_ns, 'depth_optical'))


def test_frames_without_a_listener_are_counted_and_not_estimated(rig):
    """G13: work for listeners only."""
    rig.send()
    rig.spin_until(lambda: drops_of(rig) == {'no_listener': 1})
    assert rig.node._pipeline.stages.snapshot() == {}


@pytest.mark.parametrize('when', ['before', 'after'])
def test_best_effort_sensors_are_heard(make_rig, often, when):
    """G1: cameras that publish as sensor data do."""
    rig = make_rig()
    roles = ('image', 'depth', 'camera_info')
    if when == 'before':
        for role in roles:
            rig.advertise(role, BEST_EFFORT, heard=False)
        rig.spin_until(lambda: all(rig.node.count_publishers(f'/{role}') for role in roles))
    rig.node.start()
    heard = rig.listen('depth/image_rect')
    for role in roles if when == 'after' else ():
        rig.advertise(role, BEST_EFFORT, heard=False)
    publishers = [rig._publishers[role] for role in roles]
    rig.spin_until(lambda: all(each.get_subscription_count() for each in publishers))
    send(rig, heard)


# camera_info


def test_without_camera_info_depth_goes_on_and_points_begin_with_it(make_rig, impatient, capfd):
    """E1: a warning once, and recovery within one pair."""
    rig = make_rig()
    rig.node.start()
    rig.advertise('image')
    rig.advertise('depth')
    heard = rig.listen('depth/image_rect')
    infos, clouds = rig.listen('depth/camera_info', CameraInfo), rig.listen('points', PointCloud2)
    said = []

    def is_said():
        said.append(capfd.readouterr().err)
        return 'no camera_info on /camera_info: depth is published' in ''.join(said)

    send(rig, heard)
    rig.spin_until(is_said)
    for _ in range(3):
        send(rig, heard)
    assert infos == clouds == []
    assert ''.join([*said, capfd.readouterr().err]).count('no camera_info on') == 1
    rig.advertise('camera_info')
    stamp_ns = rig.send()
    rig.spin_until(lambda: infos and clouds)
    assert stamp_ns_of(infos[0]) == stamp_ns_of(clouds[0]) == stamp_ns


@pytest.mark.parametrize(
    'fields, text',
    [
        ({'k': [0.0] * 9}, 'uncalibrated (K[0]=0)'),
        ({'k': [NAN] * 9}, 'not finite'),
        ({'k': [-1.0, 0, 0, 0, 1, 0, 0, 0, 1]}, 'uncalibrated (K[0]=-1)'),
        ({'width': 640, 'height': 480}, 'camera_info is for 640x480 but the image is 112x84'),
    ],
)
def test_a_camera_info_of_no_use_costs_the_points_alone(rig, capfd, fields, text):
    """E2, E4: depth continues; the next good message brings the points back."""
    heard, clouds = rig.listen('depth/image_rect'), rig.listen('points', PointCloud2)
    for _ in range(2):
        stamp_ns = rig.next_stamp_ns()
        send(rig, heard, camera_info=rig.sensors.camera_info(stamp_ns, **fields))
    assert clouds == []
    said = capfd.readouterr().err
    assert said.count('no point cloud: ') == 1
    assert text in said
    send(rig, heard)
    rig.spin_until(lambda: clouds)


@pytest.mark.parametrize(
    'fields, text',
    [
        ({'width': 0, 'height': 0}, 'camera_info has no size: 112x84 of the image is taken'),
        ({'d': [0.1, 0, 0, 0, 0]}, 'the image is not rectified'),
        ({'d': [0.1], 'distortion_model': 'unheard_of'}, 'the image is not rectified'),
        ({'binning_x': 1, 'roi': RegionOfInterest(width=112, height=84)}, ''),
    ],
)
def test_an_odd_camera_info_is_said_once_and_used(rig, capfd, fields, text):
    """E3, E5, E8: the points are there all the same."""
    clouds = rig.listen('points', PointCloud2)
    for _ in range(3):
        stamp_ns = rig.next_stamp_ns()
        info = rig.sensors.camera_info(stamp_ns, **fields)
        send(rig, clouds, camera_info=info)
    said = capfd.readouterr().err
    assert said.count('WARN') == (1 if text else 0)
    assert text in said


def test_the_intrinsics_follow_a_camera_that_zooms(rig):
    """E6, E9: no old K is kept, and the stamp need not be the image's."""
    infos = rig.listen('depth/camera_info', CameraInfo)
    for focal_px in (100.0, 120.0, 90.0):
        stamp_ns = rig.next_stamp_ns()
        info = rig.sensors.camera_info(stamp_ns - 5, focal_px=focal_px)
        assert send(rig, infos, camera_info=info).k[0] == focal_px
    rig._publishers.pop('camera_info')
    assert send(rig, infos).k[0] == 90.0


def test_the_frame_of_the_image_wins_over_that_of_the_camera_info(rig, capfd):
    """E7: said once."""
    infos = rig.listen('depth/camera_info', CameraInfo)
    for _ in range(2):
        info = rig.sensors.camera_info(rig.next_stamp_ns())
        info.header.frame_id = 'somewhere'
        found = send(rig, infos, camera_info=info)
        assert found.header.frame_id == 'camera_color_optical_frame'
    assert capfd.readouterr().err.count("camera_info is of frame 'somewhere'") == 1


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
    send(rig, heard)


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
    assert send(rig, infos, camera_info=info).k[0] == focal_px


# Parameters


@pytest.mark.parametrize('value', ['abc', NAN, -0.1, 1e9])
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
    rig._publishers['depth'].publish(depth)
    rig.spin_until(lambda: rig.node._session.inputs.pairing.counters.depth.received)
    send_at(rig, heard, rig.sensors.image(stamp_ns), rig.sensors.depth(stamp_ns + 950_000_000))


def test_a_read_only_parameter_is_refused_over_the_service(rig):
    """A4: the node goes on."""
    heard = rig.listen('depth/image_rect')
    request = SetParameters.Request(
        parameters=[Parameter('model.path', value='/tmp/other').to_parameter_msg()]
    )
    response = rig.call(SetParameters, '/promptda/set_parameters', request)
    assert not response.results[0].successful
    assert 'read-only' in response.results[0].reason
    send(rig, heard)


def test_a_thousand_live_changes_cost_no_pair(rig):
    """A6: of tolerance, while frames stream; each takes effect, none loses one."""
    heard = rig.listen('depth/image_rect')
    draw = random.Random(6)
    for number in range(20):
        for _ in range(50):
            tolerance = draw.uniform(0.0, 1.0)
            changed = [Parameter('sync.tolerance', value=tolerance)]
            assert rig.node.set_parameters_atomically(changed).successful
        assert rig.node._session.inputs.pairing.settings.tolerance_ns == round(tolerance * 1e9)
        send(rig, heard)
        assert len(heard) == number + 1
    assert drops_of(rig) == {}


def test_live_settings_reach_the_next_frame(rig):
    heard = rig.listen('points', PointCloud2)
    assert send(rig, heard).point_step == 16
    rig.node.set_parameters([Parameter('output.pcl_layout', value=True)])
    assert send(rig, heard).point_step == 32


def test_simulated_time_without_a_clock_still_pairs_by_stamps(make_rig):
    """F14: use_sim_time is true, nobody publishes /clock."""
    rig = make_rig(use_sim_time=True)
    rig.node.start()
    rig.advertise_all()
    send(rig, rig.listen('depth/image_rect'))


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
    send(rig, heard)


def test_the_life_cycle_goes_round_and_round(rig):
    """Inactive it is silent; cleaned up it has no outputs; then it works again."""
    threads = threading.active_count()
    for _ in range(3):
        send(rig, rig.listen('depth/image_rect'))
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
        for publisher in rig._publishers.values():
            rig.spin_until(lambda each=publisher: each.get_subscription_count() == 1)


@pytest.mark.parametrize(
    'transition', [Transition.TRANSITION_ACTIVE_SHUTDOWN, 'shutdown'], ids=['number', 'label']
)
def test_shutting_down_ends_the_work(rig, transition):
    assert change_state(rig, transition)
    assert state_of(rig) == 'finalized'
    assert '/image' not in {each.topic_name for each in rig.node.subscriptions}


def test_a_lifecycle_manager_may_start_the_node(make_rig):
    """autostart: false."""
    rig = make_rig(autostart=False)
    rig.node.start()
    assert state_of(rig) == 'unconfigured'
    assert change_state(rig, Transition.TRANSITION_CONFIGURE)
    assert change_state(rig, Transition.TRANSITION_ACTIVATE)
    rig.advertise_all()
    send(rig, rig.listen('depth/image_rect'))


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
    said = [line for line in capfd.readouterr().err.splitlines() if '/nowhere/promptda' in line]
    assert len(said) == 1
    assert 'FATAL' in said[0]
    assert 'fetch_model' in said[0]
    assert '/image' not in {each.topic_name for each in rig.node.subscriptions}
    assert state_of(rig) == 'unconfigured'


def test_a_missing_gpu_is_said_in_one_line(make_rig, capfd, monkeypatch):
    """A7: no CPU when CUDA was asked for; exit code 3."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    rig = make_rig(device='cuda:0')
    rig.node.start()
    assert rig.node.exit_code == ExitCode.MODEL_OR_DEVICE
    said = capfd.readouterr().err
    assert said.count("device 'cuda:0' requested but torch") == 1
    assert 'Traceback' not in said


def test_auto_says_that_it_took_the_cpu(make_rig, capfd, monkeypatch):
    """A7: with the rate to be expected."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    rig = make_rig(device='auto')
    rig.node.start()
    said = capfd.readouterr().err
    assert 'no CUDA found: the network runs on the CPU at about' in said
    assert 'frames/s' in said


# What fails while it runs


class Failing:
    """Stands in the place of the estimator and fails as told."""

    def __init__(self, error):
        self._error = error

    def prepare(self, frame, settings):
        """Raise."""
        raise self._error


def replace_estimator(rig, estimator):
    """Put another estimator in place; return the real one."""
    pipeline = rig.node._pipeline
    real = pipeline.model.estimator
    pipeline.model = replace(pipeline.model, estimator=estimator)
    return real


def test_an_answer_that_is_no_depth_is_dropped_and_told(rig, capfd):
    """H4: NaN of the network is never published."""
    heard = rig.listen('depth/image_rect')
    bad = BadFrame('model_output', 'model output invalid: 12.3 % of the pixels')
    real = replace_estimator(rig, Failing(bad))
    rig.send()
    rig.spin_until(lambda: drops_of(rig) == {'model_output': 1})
    assert 'frame dropped: model output invalid: 12.3 %' in capfd.readouterr().err
    replace_estimator(rig, real)
    send(rig, heard)
    assert len(heard) == 1


def test_an_exception_in_the_worker_costs_one_frame_and_one_line(rig, capfd):
    """F19, I3: no traceback on the terminal; the next pair is published."""
    heard = rig.listen('depth/image_rect')
    real = replace_estimator(rig, Failing(RuntimeError('a kernel was not there')))
    rig.send()
    rig.spin_until(lambda: rig.node._session._worker.counters.failed == 1)
    said = capfd.readouterr().err
    assert said.count('RuntimeError: a kernel was not there') == 1
    assert 'Traceback' not in said
    replace_estimator(rig, real)
    send(rig, heard)
    assert rig.node.exit_code == ExitCode.CLEAN


def test_ten_failures_of_the_worker_in_a_row_end_the_process(rig, capfd):
    """I3, I4: exit code 70, never silence."""
    rig.listen('depth/image_rect')
    replace_estimator(rig, Failing(RuntimeError('gone for good')))
    for number in range(FAILURES_IN_A_ROW):
        assert rig.node.exit_code == ExitCode.CLEAN
        rig.send()
        rig.spin_until(lambda n=number: rig.node._session._worker.counters.failed == n + 1)
    rig.spin_until(lambda: rig.node.exit_code != ExitCode.CLEAN)
    assert rig.node.exit_code == ExitCode.INTERNAL
    assert 'the worker gave up: 10 failures in a row' in capfd.readouterr().err


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
    send(rig, heard)
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
    assert ours & theirs == meant | {f'on_{each}' for each in transitions}


# What is reported


def test_diagnostics_tell_of_pairs_frames_and_the_network(rig, often):
    """REP 107: three parts, all well while frames pass."""
    rig.node.stop()
    rig.node._activate()  # with the short period
    heard, latest = rig.listen('depth/image_rect'), statuses(rig)
    for publisher in rig._publishers.values():
        rig.spin_until(lambda each=publisher: each.get_subscription_count() == 1)
    send(rig, heard)
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


def test_a_saturated_scene_is_reported_with_its_share(rig, often):
    """D18: nearer than every prompt pixel; more than a fifth of the frame is worth a warning."""
    rig.node.stop()
    rig.node._activate()
    latest = statuses(rig)
    seen = Depth(np.ones((2, 2), np.float32), 0.5, 1.5, 1.0, saturated_fraction=0.19)
    for share, level in ((0.19, 'ok'), (0.21, 'warn')):
        rig.node._pipeline.latest = replace(seen, saturated_fraction=share)
        rig.spin_until(
            lambda s=share: latest('network') and latest('network')[2].get('saturated') == str(s)
        )
        assert latest('network')[0] == level
    assert '21% of the depth lies at an end' in latest('network')[1]
    assert '0.50 to 1.50 m' in latest('network')[1]


def test_dropped_frames_are_a_warning_with_their_reason(rig, often):
    rig.node.stop()
    rig.node._activate()
    rig.node._drops.add('image_step', 'step 10 < 1920')
    latest = statuses(rig)
    rig.spin_until(lambda: latest('frames'))
    level, text, values = latest('frames')
    assert (level, text, values['drops.image_step']) == ('warn', 'step 10 < 1920', '1')


def test_silence_is_explained_once_and_its_end_told(make_rig, impatient, capfd):
    """G5, G6, G7: nobody publishes, then only the image comes, then both."""
    rig = make_rig()
    rig.node.start()
    latest, said = statuses(rig), []

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
    send(rig, rig.listen('depth/image_rect'))
    hears('image and depth are paired again')
    assert (
        ''.join(said).count('no pair for') == 1
    )  # the reason changed, half a minute has not passed


def test_an_offset_beyond_the_tolerance_is_told_with_its_remedy(rig, impatient):
    """F4: depth lags by 40 ms; the setting that it names mends it."""
    rig.node.stop()
    rig.node._activate()
    pairing = rig.node._session.inputs.pairing
    heard, latest = rig.listen('depth/image_rect'), statuses(rig)
    for publisher in rig._publishers.values():
        rig.spin_until(lambda each=publisher: each.get_subscription_count() == 1)

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


def test_images_of_the_future_are_published_and_told_once(rig, often, capfd):
    """F16: two seconds ahead of the clock; nothing waits for that time."""
    rig.node.stop()
    rig.node._activate()
    heard = rig.listen('depth/image_rect')
    rig._stamp_ns = rig.node.get_clock().now().nanoseconds + 100_000_000_000
    for publisher in rig._publishers.values():
        rig.spin_until(lambda each=publisher: each.get_subscription_count() == 1)
    for _ in range(2):
        send(rig, heard)
    said = []

    def is_said():
        said.append(capfd.readouterr().err)
        return 's in the future' in ''.join(said)

    rig.spin_until(is_said)
    send(rig, heard)
    assert ''.join([*said, capfd.readouterr().err]).count('s in the future') == 1
