# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.main."""

from __future__ import annotations

import os
import sys

import pytest

from promptda_ros.tools import main as tools


@pytest.mark.parametrize('command', tools.COMMANDS)
def test_every_command_has_a_main_and_explains_itself(command, capsys, monkeypatch):
    monkeypatch.setattr(tools, 'SENDS_IMAGES', ())  # or the process would be replaced
    assert tools.main([command, '--help']) == 0
    assert f'promptda {command}' in capsys.readouterr().out


@pytest.mark.parametrize('arguments, code', [([], 0), (['--help'], 0), (['nonsense'], 2)])
def test_without_a_known_command_all_commands_are_listed(arguments, code, capsys):
    assert tools.main(arguments) == code
    printed = capsys.readouterr().out
    assert all(command in printed for command in tools.COMMANDS)


def test_a_command_gets_the_arguments_behind_its_name(tmp_path):
    for folder in ('config', 'docs'):
        (tmp_path / folder).mkdir()
    assert tools.main(['print_settings', '--out', str(tmp_path)]) == 0
    assert (tmp_path / 'config/promptda.yaml').is_file()


def test_commands_that_send_images_start_again_with_the_large_image_environment(monkeypatch):
    calls = []

    class Replaced(BaseException):
        pass

    def execve(program, command, environment):
        calls.append((program, command, environment))
        raise Replaced

    monkeypatch.setattr(os, 'execve', execve)
    monkeypatch.setattr(os, 'environ', {'HOME': '/root'})
    monkeypatch.setattr(sys, 'argv', ['promptda', 'play', '--loop'])
    with pytest.raises(Replaced):
        tools.main()
    _, command, environment = calls[0]
    assert command[1:] == ['-m', 'promptda_ros.tools.main', 'play', '--loop']
    assert 'MALLOC_TRIM_THRESHOLD_' in environment
    assert environment['FASTRTPS_DEFAULT_PROFILES_FILE'].endswith('fastdds_large_images.xml')
