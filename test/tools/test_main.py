# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.main."""

from __future__ import annotations

from importlib import import_module
from itertools import takewhile
import os
from pathlib import Path
import re
import shlex
import signal
import subprocess
import sys

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools import main as tools

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    page
    for pattern in ('*.md', 'docs/**/*.md', 'models/**/*.md')
    for page in sorted(REPOSITORY.glob(pattern))
    if 'promptda ' in page.read_text()
]


@pytest.mark.parametrize('command', tools.COMMANDS)
def test_every_command_has_a_main_and_explains_itself(command, capsys, monkeypatch):
    monkeypatch.setattr(tools, 'SENDS_IMAGES', ())  # or the process would be replaced
    assert tools.main([command, '--help']) == 0
    assert f'promptda {command}' in capsys.readouterr().out


def test_a_default_is_written_as_it_would_be_given(capsys):
    assert tools.main(['evaluate', '--help']) == 0
    printed = ' '.join(capsys.readouterr().out.split())
    assert '(default: 640x480)' in printed
    assert '(default: 0.0 0.1 0.25 0.5)' in printed
    assert '[' not in ''.join(re.findall(r'\(default: [^)]*\)', printed))


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


def test_the_page_of_commands_names_every_one_and_every_exit_code():
    page = (REPOSITORY / 'docs/commands.md').read_text()
    assert [name for name in tools.COMMANDS if f'`{name}`' not in page] == []
    assert [code for code in ExitCode if f'| {code} |' not in page] == []


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_command_line_of_a_page_is_accepted(page):
    blocks = '\n'.join(re.findall(r'```bash\n(.*?)```', page.read_text(), re.DOTALL))
    for line in blocks.replace('\\\n', ' ').splitlines():
        words = shlex.split(line, comments=True)
        while words and 'promptda' in words[:-1]:
            words = words[words.index('promptda') + 1 :]
            if words[0] in tools.COMMANDS:
                parser = import_module(f'promptda_ros.tools.{words[0]}').make_parser()
                own = takewhile(lambda word: word not in ('--ros-args', '>'), words[1:])
                parser.parse_args([*own])


def test_what_nobody_foresaw_is_one_sentence_with_its_traceback_in_a_file(
    monkeypatch, tmp_path, capsys
):
    """A defect of ours: 70, and enough to report it."""

    def fail(settings):
        raise LookupError('nobody\nforesaw this')

    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    monkeypatch.setattr('promptda_ros.tools.print_settings.as_yaml', lambda: fail(0))
    assert tools.main(['print_settings', '--out', str(tmp_path / 'out')]) == ExitCode.INTERNAL
    (sentence,) = capsys.readouterr().err.splitlines()
    assert 'internal error, LookupError: nobody foresaw this' in sentence
    kept = tmp_path / 'log/promptda_tracebacks.txt'
    assert str(kept) in sentence
    assert 'Traceback' in kept.read_text()
    assert not (tmp_path / 'out').exists()


def test_ctrl_c_while_outputs_are_written_leaves_nothing(monkeypatch, tmp_path, capsys):
    """K20."""
    monkeypatch.setattr(
        'promptda_ros.tools.print_settings.as_table', lambda: os.kill(os.getpid(), signal.SIGINT)
    )
    out = tmp_path / 'out'
    assert tools.main(['print_settings', '--out', str(out)]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == 'promptda print_settings: stopped\n'
    assert not out.exists()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('module', ['numpy', 'torch.nn', 'promptda_ros.core.frame_outputs'])
def test_a_stop_while_modules_are_imported_is_one_line(tmp_path, module, number):
    """K20: compiled modules turn a KeyboardInterrupt into exit status -2."""
    command = [sys.executable, '-X', 'importtime', '-m', 'promptda_ros.tools.main', 'estimate']
    files = ['--image', 'a', '--depth', 'b', '--out', str(tmp_path / 'out')]
    with subprocess.Popen([*command, *files], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while not process.stderr.readline().rstrip().endswith(f' {module}'):
            assert process.poll() is None
        process.send_signal(number)
        said = [line for line in process.stderr if not line.startswith('import time:')]
    assert process.returncode == ExitCode.INTERRUPTED
    assert said == ['promptda estimate: stopped\n']
