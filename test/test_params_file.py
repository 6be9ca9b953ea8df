# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whose parameters a file has, judged as rcl does."""

from __future__ import annotations

from pathlib import Path

import pytest
from rclpy.node import Node
import yaml

from promptda_ros.core.settings.setting import SettingError
from promptda_ros.params_file import given_files, require_ours, values_of

OURS = [
    '/**',
    '/robot1/*',
    '/*/promptda',
    '/**/promptda',
    'robot1:\n  promptda',
    '/robot1/promptda',
]
OTHERS = ['promptda', '/promptda', '/*', '/robot1/other', '/**/other', 'robot2:\n  promptda']


@pytest.mark.parametrize('name', OURS + OTHERS)
def test_a_file_is_ours_where_rcl_takes_its_parameters(make_context, tmp_path: Path, name: str):
    """K16: wildcards and nested namespaces."""
    file = tmp_path / 'params.yaml'
    indent = '  ' * name.count('\n')
    file.write_text(f'{name}:\n{indent}  ros__parameters: {{device: cpu}}\n')
    arguments = ['-r', '__ns:=/robot1', '--params-file', str(file)]
    context = make_context(*arguments)
    node = Node('promptda', context=context, automatically_declare_parameters_from_overrides=True)
    assert node.has_parameter('device') == (name in OURS)
    node.destroy_node()
    if name in OURS:
        require_ours(file, '/robot1/promptda')
    else:
        with pytest.raises(SettingError, match='has no parameters of /robot1/promptda, only of'):
            require_ours(file, '/robot1/promptda')


@pytest.mark.parametrize('content', [b'', b'- 1', b'a: {b', b'\xff\xfe', b'device: cpu'])
def test_a_file_without_parameters_is_one_sentence(tmp_path: Path, content: bytes):
    file = tmp_path / 'params.yaml'
    file.write_bytes(content)
    with pytest.raises(SettingError) as refused:
        require_ours(file, '/promptda')
    assert str(file) in str(refused.value)
    assert '\n' not in str(refused.value)


def test_a_file_that_launch_wrote_is_read(tmp_path: Path):
    """It writes the tuples of Python with a tag, which rcl passes over."""
    file = tmp_path / 'launch_params'
    file.write_text(yaml.dump({'/**': {'ros__parameters': {'cameras': ('left', 'right')}}}))
    assert '!!python/tuple' in file.read_text()
    require_ours(file, '/promptda')


def test_files_are_found_on_a_command_line():
    arguments = ['node', '--ros-args', '--params-file', 'a', '-p', 'x:=1', '--params-file', 'b']
    assert given_files(arguments) == [Path('a'), Path('b')]
    assert given_files(['node', '--params-file']) == []


SCALARS = [
    '0x10', '010', '08', '0o17', '-0x1', '+5', '5.', '.5', '1e-3', '1e', '1_000', '1:30', '1e400',
    '9223372036854775807', '9223372036854775808', 'yes', "'yes'", 'oN', 'Off', 'y', 'N', 'tRue',
    'TRUE', '.inf', '-.Inf', '+.inf', 'inf', '-INF', '.iNf', 'null', '~', "''", '"3"',
    '2026-01-01', '1 2', '[1, 2]', '[1.0, 2.0]', '[a, b]', "['', 'on']", '[true, off]',
]  # fmt: skip


def test_values_are_those_of_rclpy(make_context, tmp_path: Path):
    """Octal numbers, truth values, quotes, lists, and which of several blocks wins."""
    file = tmp_path / 'params.yaml'
    lines = [f'    v{number}: {text}' for number, text in enumerate(SCALARS)]
    blocks = [
        '/**:\n  ros__parameters:\n    first: 1\n    a.b: 1\n    a: {c: {d: 2}}',
        *lines,
        '/promptda:\n  ros__parameters: {first: 2, second: 2, v0: own}',
        '/*:\n  ros__parameters: {second: 3}',
        '/other:\n  ros__parameters: {first: 4}',
    ]
    file.write_text('\n'.join(blocks))
    node = Node('promptda', context=make_context('--params-file', str(file)))
    theirs = {name: each.value for name, each in node._parameter_overrides.items()}  # noqa: SLF001
    node.destroy_node()

    ours = values_of(file, '/promptda')

    assert ours == theirs
    assert {name: type(each) for name, each in ours.items()} == {
        name: type(each) for name, each in theirs.items()
    }


def test_a_list_that_rclpy_refuses_is_refused(make_context, tmp_path: Path):
    file = tmp_path / 'params.yaml'
    file.write_text('/**:\n  ros__parameters: {workspace.box_min: [0, 0.5, 1]}\n')
    with pytest.raises(RuntimeError, match='should be of same type'):
        make_context('--params-file', str(file))
    with pytest.raises(SettingError, match=r'box_min is \[0, 0.5, 1\], and ROS refuses a list'):
        values_of(file, '/promptda')
