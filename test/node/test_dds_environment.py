# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The environment that carries large images between processes."""

from __future__ import annotations

import json
import os
from pathlib import Path
import shlex
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from promptda_ros.dds_environment import large_image_environment, missing_transport, PROFILE

REPOSITORY = Path(__file__).resolve().parents[2]
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
HOOK = REPOSITORY / 'environment' / 'large_images.sh'
DDS = '{http://www.eprosima.com}'


def test_profile_is_named_for_every_fast_dds_version():
    environment = large_image_environment(REPOSITORY, {})

    for variable in PROFILE_VARIABLES:
        assert Path(environment[variable]) == REPOSITORY / PROFILE
        assert Path(environment[variable]).is_file()


@pytest.mark.parametrize('variable', [*PROFILE_VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS'])
def test_transports_chosen_by_the_user_are_kept(variable):
    environment = large_image_environment(REPOSITORY, {variable: 'mine'})

    assert not set(PROFILE_VARIABLES) & set(environment)


def test_local_only_humble_keeps_its_own_transports():
    """Humble adds its loopback transport to ours, which is open to the network."""
    local = {'ROS_DISTRO': 'humble', 'ROS_LOCALHOST_ONLY': '1'}

    assert not set(PROFILE_VARIABLES) & set(large_image_environment(REPOSITORY, local))
    assert large_image_environment(REPOSITORY, {**local, 'ROS_DISTRO': 'jazzy'}).keys() >= {
        *PROFILE_VARIABLES
    }


def test_allocator_settings_of_the_user_are_kept_one_by_one():
    environment = large_image_environment(REPOSITORY, {'MALLOC_TOP_PAD_': '0'})

    assert 'MALLOC_TOP_PAD_' not in environment
    assert environment['MALLOC_MMAP_THRESHOLD_'] == str(1024**3)
    assert environment['MALLOC_TRIM_THRESHOLD_'] == str(2 * 1024**3)


def test_given_environment_is_not_changed():
    given = {'HOME': '/home/robot'}

    large_image_environment(REPOSITORY, given)

    assert given == {'HOME': '/home/robot'}


def test_one_image_is_one_message_and_several_fit_into_the_segment():
    root = ElementTree.parse(REPOSITORY / PROFILE).getroot()
    shared_memory = next(
        transport
        for transport in root.iter(f'{DDS}transport_descriptor')
        if transport.findtext(f'{DDS}type') == 'SHM'
    )
    image_bytes = 3840 * 2160 * 3

    assert int(shared_memory.findtext(f'{DDS}maxMessageSize')) > image_bytes
    assert int(shared_memory.findtext(f'{DDS}segment_size')) >= 5 * image_bytes


def test_small_built_in_transports_are_replaced_not_joined():
    """With them the 512 KB segment comes back."""
    root = ElementTree.parse(REPOSITORY / PROFILE).getroot()
    defined = {element.text for element in root.iter(f'{DDS}transport_id')}
    participant = next(root.iter(f'{DDS}participant'))

    assert participant.get('is_default_profile') == 'true'
    assert next(participant.iter(f'{DDS}useBuiltinTransports')).text == 'false'
    assert {element.text for element in participant.iter(f'{DDS}transport_id')} == defined


def sourced(script, environment):
    """Return the variables that are set after a shell sourced a script."""
    (folder := Path(environment['HOME'])).mkdir(exist_ok=True)
    (folder / 'python3').symlink_to(sys.executable)
    command = f'. {shlex.quote(str(script))} && env -0'
    paths = {'PATH': f'{folder}:{os.environ["PATH"]}', 'PYTHONPATH': str(REPOSITORY)}
    output = subprocess.check_output(['sh', '-c', command], env={**paths, **environment})
    pairs = (each.partition('=') for each in output.decode().split('\0') if each)
    return {name: value for name, _, value in pairs}


def test_whoever_sources_the_workspace_has_what_the_launch_files_set(tmp_path):
    environment = {'HOME': str(tmp_path / 'home')}

    found = sourced(HOOK, environment)

    assert large_image_environment(REPOSITORY, environment).items() <= found.items()
    assert missing_transport(found) == ''


def test_sourcing_the_workspace_leaves_the_choices_of_the_user(tmp_path):
    chosen = {'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4', 'MALLOC_TOP_PAD_': '5'}

    found = sourced(HOOK, {'HOME': str(tmp_path / 'home'), **chosen})

    assert chosen.items() <= found.items()
    assert not set(PROFILE_VARIABLES) & set(found)


def test_colcon_is_told_of_the_hook_that_is_installed():
    (named,) = json.loads((REPOSITORY / 'colcon.pkg').read_text())['hooks']

    assert Path(named) == Path('share/promptda_ros') / HOOK.relative_to(REPOSITORY)
    assert "files_below('environment')" in (REPOSITORY / 'setup.py').read_text()


@pytest.mark.parametrize('middleware', [{}, {'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp'}])
def test_default_transports_of_fast_dds_are_warned_of_with_the_mend(middleware):
    said = missing_transport(middleware)

    assert 'source the install/setup.bash' in said
    assert '\n' not in said


@pytest.mark.parametrize(
    'environment',
    [
        {'RMW_IMPLEMENTATION': 'rmw_zenoh_cpp'},
        {'FASTDDS_BUILTIN_TRANSPORTS': 'LARGE_DATA'},
        {'FASTRTPS_DEFAULT_PROFILES_FILE': 'mine.xml'},
    ],
)
def test_other_middleware_and_transports_of_the_user_are_not_warned_of(environment):
    assert missing_transport(environment) == ''


@pytest.mark.parametrize('chosen, warnings', [('', 1), ('mine.xml', 0)])
def test_the_node_warns_once_at_start(make_rig, monkeypatch, capfd, chosen, warnings):
    for name in (*PROFILE_VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS', 'RMW_IMPLEMENTATION'):
        monkeypatch.delenv(name, raising=False)
    rig = make_rig()
    if chosen:
        monkeypatch.setenv(PROFILE_VARIABLES[0], chosen)
    rig.node.start()

    assert capfd.readouterr().err.count('512 KB of shared memory') == warnings
