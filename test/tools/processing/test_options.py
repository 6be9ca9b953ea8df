# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.processing.options: what is taken, and what contradicts itself."""

from __future__ import annotations

import pytest

from promptda_ros.core.errors import ExitCode
from promptda_ros.tools import main as tools
from promptda_ros.tools.arguments import UsageError
from promptda_ros.tools.process import make_parser
from promptda_ros.tools.processing.options import parse


def parsed(words: str):
    return parse(make_parser(), ['bag', '--out', 'out', *words.split()])


@pytest.mark.parametrize(
    'words, said',
    [
        ('--json --quiet', '--json prints events and --quiet none'),
        ('--ray --gpus 0', '--ray deals out the GPUs of the cluster itself'),
        ('--gpus 0,1 --device cpu', '--gpus 0,1 are not used with --device cpu'),
        ('--gpus 0,1 --device cuda:0', '--device cuda:0 is one GPU and --gpus names 0,1'),
        ('--gpus 0,1 --jobs 1', '--jobs 1 is less than the 2 GPUs of --gpus 0,1'),
        ('--copy none --exclude-topic /x', '--copy none copies no topic'),
        ('--start 5 --end 5', '--end 5 is not after --start 5'),
        ('--gpus 1,1', "'1,1' names a GPU twice"),
        ('--gpus a', "'a' is not a whole number from 0 on"),
        ('--jobs 0', "'0' is not a whole number from 1 on"),
        ('--every 0', "'0' is not a whole number from 1 on"),
        ('--start -1', "'-1' is not a number from 0 on"),
        ('--end nan', "'nan' is not a number"),
        ('--outputs depth,clouds', "'clouds' is not one of depth, mm, compressed"),
        ('--include-topic /a(', "'/a(' is no regular expression: "),
        ('--image left=', "'left=' is not a topic, nor NAME=topic"),
        ('--storage bag', "invalid choice: 'bag'"),
        ('--camera realsense', "invalid choice: 'realsense'"),
        ('--set sync.tolerance', "'sync.tolerance' is not NAME=VALUE"),
        ('--set device=cpu', 'device is set by --device here'),
        ('--set cameras=[a]', 'cameras is set by --cameras here'),
        (
            '--set qos.image=x',
            'qos.image has no effect on a recording; leave it out',
        ),
    ],
)
def test_what_is_wrong_or_contradicts_itself_is_one_sentence(words: str, said: str, capsys):
    with pytest.raises(UsageError) as refused:
        parsed(words)
    assert said in str(refused.value)
    assert tools.main(['process', 'bag', '--out', 'out', *words.split()]) == (
        ExitCode.CONFIGURATION
    )
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith('promptda process: ')


def test_lists_are_separated_by_commas_and_outputs_are_in_one_order():
    arguments = parsed('--outputs preview,depth,points --cameras left,right --gpus 1,0')
    assert arguments.outputs == ('depth', 'points', 'preview')
    assert arguments.cameras == ('left', 'right')
    assert arguments.gpus == (1, 0)


def test_settings_are_taken_as_here_and_as_ros2_run_takes_them():
    settings = parsed('--set sync.tolerance=0.02 --set left.input.mask:=off').settings
    assert settings == [('sync.tolerance', 0.02), ('left.input.mask', False)]


def test_ray_needs_no_address():
    assert parsed('').ray is None
    assert parsed('--ray').ray == 'local'
    assert parsed('--ray ray-head:6379').ray == 'ray-head:6379'
