# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A policy is printed for the node that would start with these arguments."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools.main import main as promptda
from test.policies import rules


@pytest.fixture
def policy(capsys, monkeypatch, domain_id):
    """Print the policy of a node with these arguments."""
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

    def printed(*ros_arguments: str, options: tuple[str, ...] = ()) -> str:
        arguments = ['print_policy', *options, '--ros-args', *ros_arguments]
        assert promptda(arguments) == ExitCode.CLEAN
        return capsys.readouterr().out

    return printed


def test_the_policy_has_the_form_that_sros2_reads(policy):
    root = ElementTree.fromstring(policy())
    assert (root.tag, root.attrib) == ('policy', {'version': '0.2.0'})
    (enclaves,) = root
    (enclave,) = enclaves
    assert (enclaves.tag, enclave.tag) == ('enclaves', 'enclave')
    assert enclave.attrib == {'path': '/promptda'}
    (profiles,) = enclave
    (profile,) = profiles
    assert (profiles.tag, profile.attrib) == ('profiles', {'ns': '/', 'node': 'promptda'})
    for each in profile:
        assert each.tag in ('topics', 'services')
        assert {f'{name.tag}s' for name in each} == {each.tag}
        assert [name.text for name in each] == sorted({name.text for name in each})


def test_cameras_and_an_enclave_are_as_given(policy, tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text(
        '/**:\n  ros__parameters: {cameras: [left, right], autostart: false,'
        ' input.depth_transport: points}\n'
    )
    text = policy('--params-file', str(file), options=('--enclave', '/arm/eyes'))
    assert 'path="/arm/eyes"' in text
    allowed = rules(text)
    for camera in ('left', 'right'):
        assert f'/promptda/{camera}/points' in allowed['topics', 'publish']
        assert f'/{camera}/image/compressed' in allowed['topics', 'subscribe']
        assert f'/{camera}/depth' in allowed['topics', 'subscribe']
        assert f'/promptda/{camera}/capture' in allowed['services', 'reply']
    assert '/left/depth/compressedDepth' not in allowed['topics', 'subscribe']
    assert all('/bond' in allowed['topics', right] for right in ('publish', 'subscribe'))


def test_nothing_is_printed_for_a_node_that_would_not_start(
    tmp_path, capsys, monkeypatch, domain_id
):
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain_id))
    file = tmp_path / 'mine.yaml'
    file.write_text('/other:\n  ros__parameters: {device: cpu}\n')
    for wrong in (['-p', 'sync.tolerance:=9.0'], ['--params-file', str(file)], ['-r', '__ns:=/1']):
        code = promptda(['print_policy', '--ros-args', *wrong])
        assert code == ExitCode.CONFIGURATION
        printed = capsys.readouterr()
        assert printed.out == ''
        assert printed.err.startswith('promptda print_policy: ')
