# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.view: what it refuses before it serves anything."""

from __future__ import annotations

import sys

import pytest

from promptda_ros.bags.files import BagError
from promptda_ros.core.errors import ExitCode
from promptda_ros.process import Stopped
from promptda_ros.tools import main, view
from promptda_ros.tools.arguments import UsageError


def test_a_recording_that_is_not_there_is_named():
    with pytest.raises(BagError, match=r'no/such\.mcap'):
        view.main(['no/such.mcap'])


def test_a_recording_is_opened_with_the_settings_and_topics_that_are_given(monkeypatch, copy_demo):
    opened = []

    def stop(work):
        opened.append(work)
        raise Stopped

    monkeypatch.setattr('promptda_ros.view.recorded.opening.open_recording', stop)
    words = [str(copy_demo()), '--set', 'workspace.max_depth=1.5', '--device', 'cpu']
    with pytest.raises(Stopped):
        view.main([*words, '--image', '/camera/color/image_raw'])
    (work,) = opened
    assert work.settings[''].workspace.max_depth == 1.5
    assert work.topics[''].image == '/camera/color/image_raw/compressed'


def test_a_page_shows_one_camera():
    with pytest.raises(UsageError, match='left,right'):
        view.main(['--cameras', 'left,right'])


def test_a_missing_viser_is_said_with_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'viser', None)
    with pytest.raises(view.ViewError, match='pip install') as refused:
        view.serve('127.0.0.1', 1)
    assert refused.value.exit_code == ExitCode.MODEL_OR_DEVICE


def test_the_page_is_for_this_machine_unless_a_host_is_given():
    assert view.make_parser().parse_args([]).host == '127.0.0.1'


def test_an_address_of_another_machine_is_refused_with_those_that_can_be_served_on():
    with pytest.raises(UsageError, match=r'--host 198\.51\.100\.1: .* take 127\.0\.0\.1'):
        view.serve('198.51.100.1', view.PORT)


def test_the_command_is_listed():
    assert 'browser' in main.COMMANDS['view']
