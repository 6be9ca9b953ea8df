# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Faults sown into the bundled recording, one at a time: the right finding, and no other."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools import doctor
from promptda_ros.tools import main as tools
from test.doctor.conftest import DEMO, DEPTH, IMAGE, INFO
from test.recordings import PERIOD_NS, Recording


def later(header, by_ns):
    """Return a header with a later stamp."""
    total_ns = header.stamp.sec * 10**9 + header.stamp.nanosec + by_ns
    stamp = replace(header.stamp, sec=total_ns // 10**9, nanosec=total_ns % 10**9)
    return replace(header, stamp=stamp)


def late_depth(topic, message):
    return (
        replace(message, header=later(message.header, 80_000_000)) if topic == DEPTH else message
    )


def depth_of_another_frame(topic, message):
    header = replace(message.header, frame_id='depth_optical_frame')
    return replace(message, header=header) if topic == DEPTH else message


def moved_picture(topic, message):
    if topic != IMAGE:
        return message
    picture = np.roll(cv2.imdecode(message.data, cv2.IMREAD_COLOR), -12, axis=1)
    return replace(message, data=cv2.imencode('.jpg', picture)[1].ravel())


def counts_as_metres(topic, message):
    if topic != DEPTH:
        return message
    metres = message.data.view('<u2').astype('<f4')
    return replace(message, encoding='32FC1', step=4 * message.width, data=metres.view(np.uint8))


def no_depth(topic, message):
    return replace(message, data=np.zeros_like(message.data)) if topic == DEPTH else message


def no_stamps(topic, message):
    if topic != DEPTH:
        return message
    stamp = replace(message.header.stamp, sec=0, nanosec=0)
    return replace(message, header=replace(message.header, stamp=stamp))


def info_with(**fields):
    def alter(topic, message):
        return replace(message, **fields) if topic == INFO else message

    return alter


def info_of_focal_length(focal_px):
    def alter(topic, message):
        if topic != INFO:
            return message
        k, p = message.k.copy(), message.p.copy()
        k[[0, 4]], p[[0, 5]] = focal_px, focal_px
        return replace(message, k=k, p=p)

    return alter


def no_info(topic, message):
    return None if topic == INFO else message


@pytest.mark.parametrize(
    ('alter', 'finding', 'says'),
    [
        (late_depth, 'offset', 'set sync.depth_time_offset:=-0.083'),  # it lags by 3 ms anyway
        (depth_of_another_frame, 'no_transform', 'depth_optical_frame'),
        (counts_as_metres, 'depth_unit', 'input.depth_scale:=0.001'),
        (no_depth, 'prompt_too_sparse', '0.0%'),
        (no_stamps, 'zero_stamps', 'header.stamp'),
        (info_with(width=320, height=240), 'camera_info', '320x240'),
        (info_of_focal_length(60.0), 'camera_info', 'field of view of 159'),
        (no_info, 'camera_info', INFO),
    ],
)
def test_a_sown_fault_is_the_one_finding(sow, examine, alter, finding, says):
    code, (found,) = examine('--bag', str(sow(alter)))

    assert (code, found['id']) == (ExitCode.SOME_FAILED, finding)
    assert says in found['what'] + found['fix']
    assert all(found[part] for part in ('what', 'why', 'fix'))


def test_depth_that_is_shifted_in_all_frames_is_an_error_with_another_remedy(sow, examine):
    """D13: none of them is aligned, so that no driver falls back."""
    code, (found,) = examine('--bag', str(sow(moved_picture)))

    assert (code, found['id'], found['level']) == (ExitCode.SOME_FAILED, 'registration', 'error')
    assert 'right' in found['what']
    assert 'not in all' not in found['what']
    assert 'aligned depth' in found['fix']


def test_frames_whose_depth_is_not_aligned_amid_others_are_found(sow, examine):
    """D13: the driver fell back for a while; on average the shift would pass for sound."""
    begun = []

    def moved_for_a_while(topic, message):
        if topic == IMAGE:
            begun.append(message)
        return moved_picture(topic, message) if len(begun) <= 20 else message

    code, (found,) = examine('--bag', str(sow(moved_for_a_while)))

    assert (code, found['id'], found['level']) == (ExitCode.SOME_FAILED, 'registration', 'warning')
    assert 'frames, not in all' in found['what']


def test_a_slash_before_the_frame_of_the_depth_changes_no_advice(sow, examine):
    """K17: depth in the frame of the image is aligned by its driver, if anywhere."""

    def moved_beside_a_slash(topic, message):
        if topic != DEPTH:
            return moved_picture(topic, message)
        header = replace(message.header, frame_id=f'/{message.header.frame_id}')
        return replace(message, header=header)

    _, (found,) = examine('--bag', str(sow(moved_beside_a_slash)))

    assert found['id'] == 'registration'
    assert 'align_depth.enable:=true' in found['fix']


def test_missing_weights_are_the_one_finding(examine, tmp_path):
    code, (found,) = examine('--bag', str(DEMO), '--model', str(tmp_path / 'nowhere'))

    assert (code, found['id']) == (ExitCode.SOME_FAILED, 'weights')
    assert 'promptda fetch_model' in found['fix']


def test_the_sound_recording_gives_no_finding(examine):
    assert examine('--bag', str(DEMO)) == (ExitCode.CLEAN, [])


def test_images_that_are_missing_are_told_with_both_rates(tmp_path, capsys):
    """G8: two of five arrive; what can be done is on a page."""
    recording = Recording()
    recording.add_camera(90)
    recording.messages = [each for n, each in enumerate(recording.messages) if n // 3 % 5 < 2]

    doctor.main(['--bag', str(recording.write(tmp_path / 'bag'))])

    said = capsys.readouterr().out
    assert said.count(' of ~30 Hz (gaps') == 2
    assert 'docs/install.md' in said


def test_an_offset_is_told_where_stamps_alone_would_pair_another_frame(tmp_path, examine):
    """At 30 Hz, 80 ms are 13 ms from another image, which the node would pair."""
    recording = Recording()
    recording.add_camera(40)
    for _, topic, message in recording.messages:
        if topic.endswith('depth'):
            stamp = message.header.stamp
            total_ns = stamp.sec * 10**9 + stamp.nanosec + 80_000_000
            stamp.sec, stamp.nanosec = divmod(total_ns, 10**9)
    assert abs(80_000_000 - 2 * PERIOD_NS) < 15_000_000

    _, (found,) = examine('--bag', str(recording.write(tmp_path / 'bag')))

    assert found['id'] == 'offset'
    assert 'sync.depth_time_offset:=-0.080' in found['fix']


def test_the_value_that_an_offset_advises_mends_it(sow, examine):
    """Nothing else is wrong with this recording."""
    bag = str(sow(late_depth))

    assert examine('--bag', bag, '--set', 'sync.depth_time_offset=-0.080')[1] == []


PROFILE = (
    '- history: 1\n  depth: 1\n  reliability: 2\n  durability: 2\n'
    '  deadline: {sec: 0, nsec: 0}\n  lifespan: {sec: 0, nsec: 0}\n  liveliness: 1\n'
    '  liveliness_lease_duration: {sec: 0, nsec: 0}\n'
    '  avoid_ros_namespace_conventions: false\n'
)


def test_two_recorded_publishers_and_their_qos_are_told(tmp_path, examine, monkeypatch):
    """Recordings keep what each publisher offered."""
    recording = Recording()
    recording.add_camera(5)
    offered = {'/camera/image': PROFILE, '/camera/depth': 2 * PROFILE}
    bags = [
        str(recording.write(tmp_path / name, qos={**offered, **more}))
        for name, more in (('two', {}), ('one', {'/camera/depth': PROFILE}))
    ]

    _, (rivals,) = examine('--bag', bags[0])
    _, (deaf,) = examine('--bag', bags[1], '--set', 'qos.depth=reliable')

    assert (rivals['id'], deaf['id']) == ('publishers', 'qos')
    assert '/camera/depth' in rivals['what']
    assert 'qos.depth:=auto' in deaf['fix']


def test_a_driver_that_was_started_again_with_other_qos_is_one_publisher(tmp_path, examine):
    """Each file of a split bag has channels of its own."""
    whole, bag = Recording(), tmp_path / 'bag'
    whole.add_camera(6)
    bag.mkdir()
    for number, profile in enumerate(
        (PROFILE, PROFILE.replace('reliability: 2', 'reliability: 1'))
    ):
        part = Recording()
        part.messages = whole.messages[9 * number : 9 * number + 9]
        folder = part.write(tmp_path / f'part{number}', qos={'/camera/depth': profile})
        (folder / f'{folder.name}.mcap').rename(bag / f'bag_{number}.mcap')

    assert examine('--bag', str(bag)) == (ExitCode.CLEAN, [])


def test_names_of_cameras_begin_what_is_said_of_them(tmp_path, examine):
    recording = Recording()
    recording.add_camera(5, prefix='/left')
    recording.add_camera(5, prefix='/right', depth_frame='elsewhere')
    bag = str(recording.write(tmp_path / 'bag'))

    _, (found,) = examine('--bag', bag, '--cameras', 'left,right')

    assert found['id'] == 'no_depth_camera_info'
    assert found['what'].startswith('right: ')


@pytest.mark.parametrize(
    'arguments', [['--bag', 'nowhere.mcap'], ['--set', 'sync.tolerence=1'], ['--seconds', '0']]
)
def test_what_cannot_be_used_is_no_finding(arguments, monkeypatch, capsys):
    monkeypatch.setattr(tools, 'SENDS_IMAGES', ())  # or the process would be replaced

    assert tools.main(['doctor', *arguments]) == ExitCode.CONFIGURATION
    assert capsys.readouterr().err.startswith('promptda doctor: ')


def test_without_ros_the_machine_alone_is_looked_at(monkeypatch, capsys):
    monkeypatch.setattr(doctor, 'find_spec', lambda name: None)

    assert doctor.main([]) == ExitCode.CLEAN
    assert 'topics are not looked at' in capsys.readouterr().out


def test_people_read_three_lines_of_a_finding(sow, capsys):
    assert doctor.main(['--bag', str(sow(no_depth))]) == ExitCode.SOME_FAILED

    *_, what, why, fix, end = capsys.readouterr().out.splitlines()
    assert what.startswith('error    prompt_too_sparse: ')
    assert [line.split()[0] for line in (why, fix)] == ['why:', 'fix:']
    assert end == 'there is something to fix'
