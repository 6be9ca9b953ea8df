# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from promptda_ros.core.errors import ExitCode

WITHOUT_READER = """
reader, writer = os.pipe()
os.close(reader)
os.dup2(writer, 1)
os.dup2(writer, 2)
"""
CLOSED = 'for number in (0, 1, 2): os.close(number)'
HANG_UP = """
import os, signal, sys
from promptda_ros.process import Stopped, StopSignal
signal.signal(signal.SIGHUP, getattr(signal, sys.argv[1]))
stop = StopSignal()
os.kill(os.getpid(), signal.SIGHUP)
sys.exit(stop.received)
"""
SWALLOW = """
import os, signal, sys, time
from promptda_ros.process import InsistentStop, Stopped
stop, swallowed = InsistentStop(), []
def swallow():
    os.kill(os.getpid(), signal.SIGINT)
    while len(swallowed) < int(sys.argv[1]):
        try:
            while True: time.sleep(0.01)
        except Stopped as error:
            swallowed.append(error)
    return 'a result'
try:
    print(stop.interruptible(swallow))
except Stopped:
    print('stopped')
time.sleep(1.5)  # nothing is raised after the call
"""


@pytest.mark.parametrize('lose', [WITHOUT_READER, CLOSED], ids=['no reader', 'closed'])
def test_the_exit_code_is_the_same_whether_or_not_the_sentence_is_read(lose):
    """I7: of a command that can print neither its usage nor why it fails."""
    start = 'from promptda_ros.tools.main import main; sys.exit(main(["nonsense"]))'
    ended = subprocess.run([sys.executable, '-c', f'import os, sys\n{lose}\n{start}'], check=False)
    assert ended.returncode == ExitCode.CONFIGURATION


def test_no_file_or_socket_takes_the_place_of_a_stream_that_is_closed():
    """I7: or the log would be written into it."""
    opened = 'from promptda_ros.process import keep_streams; keep_streams(); sys.exit(os.dup(1))'
    ended = subprocess.run(
        [sys.executable, '-c', f'import os, sys\n{CLOSED}\n{opened}'], check=False
    )
    assert ended.returncode == 3


@pytest.mark.parametrize('handler, received', [('SIG_DFL', signal.SIGHUP), ('SIG_IGN', 0)])
def test_the_end_of_the_terminal_is_a_stop_unless_nohup_is_asked_for(handler, received):
    """I7: a session that is lost must not leave shared memory behind."""
    ended = subprocess.run([sys.executable, '-c', HANG_UP, handler], check=False)
    assert ended.returncode == received


@pytest.mark.parametrize('times', ['1', '3'])
def test_a_stop_that_a_library_swallows_is_raised_until_the_call_has_ended(times):
    """I1: and whatever the call returns then does not count."""
    ended = subprocess.run(
        [sys.executable, '-c', SWALLOW, times], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, 'stopped\n'), ended.stderr
