# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda COMMAND ...`: starts the command line that the first argument names."""

from __future__ import annotations

from functools import partial
from importlib import import_module
import os
import sys

from promptda_ros.core.errors import ExitCode
from promptda_ros.process import keep_streams, Stopped, StopSignal

COMMANDS = {
    'demo': 'replay a camera recording through the node and write pictures and a report',
    'play': 'play back a camera recording for a running node',
    'view': 'show a running node or a recording in the browser',
    'estimate': 'compute dense depth from one image and one sensor depth file',
    'validate': 'measure a rig that looks at a flat board: distance, noise, registration, clocks',
    'process': 'compute dense depth for whole recordings, without ROS',
    'evaluate': 'compare networks and filters on frames with known depth, simulated or recorded',
    'grasp': 'plan grasps on clouds of simulated scenes, and let physics decide which hold',
    'train': 'train a network with a recipe, or adapt one to your sensor with recordings',
    'fetch_model': 'download official weights, for later use without internet access',
    'convert_checkpoint': 'convert an original .ckpt file to a model folder',
    'export': 'write a network as ONNX, for TensorRT and other engines',
    'doctor': 'say why no depth comes, or none to trust, and how to fix it',
    'print_policy': 'print what an SROS2 policy has to allow the node',
    'print_settings': 'write config/promptda.yaml and docs/parameters.md from the settings',
}

SENDS_IMAGES = ('demo', 'doctor', 'play', 'validate', 'view')


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; here alone errors become sentences and codes."""
    stop = StopSignal()
    keep_streams('stderr')
    words = sys.argv[1:] if arguments is None else arguments
    known = [word for word in words[:1] if word in COMMANDS]
    program = ' '.join(('promptda', *known))
    try:
        code = stop.interruptible(_exit_code, program, words)
    except Stopped as stopped:
        print(f'{program}: {str(stopped) or "stopped"}', file=sys.stderr)
        code = ExitCode.INTERRUPTED
    finally:
        stop.ignore()
    # What fails once the end is asked for, may fail because of that.
    return ExitCode.INTERRUPTED if stop.received and code != ExitCode.CLEAN else code


def _exit_code(program: str, words: list[str]) -> int:
    from promptda_ros.core.runtime.ending import exit_code_of  # late, as a signal may come

    return exit_code_of(program, lambda: _run(words), reword=partial(_in_options, program))


def _in_options(program: str, sentence: str) -> str:
    """Say in the options of the command what to set, where it got far enough to have some."""
    command = sys.modules.get(f'promptda_ros.tools.{program.rpartition(" ")[2]}')
    if command is None or ':=' not in sentence:
        return sentence
    from promptda_ros.tools.arguments import in_options  # late, as all that commands need

    return in_options(sentence, command.make_parser().options)


def _run(words: list[str]) -> int:
    from promptda_ros.process import let_threads_sleep

    let_threads_sleep()
    name = words[0] if words else '--help'
    if name in SENDS_IMAGES:
        _enter_large_image_environment()
    if name in COMMANDS:
        return _run_command(name, words[1:])
    print('usage: promptda COMMAND [--help] ...\n')
    for command_name, meaning in COMMANDS.items():
        print(f'  {command_name:20}{meaning}')
    return ExitCode.CLEAN if name in ('-h', '--help') else ExitCode.CONFIGURATION


def _run_command(name: str, words: list[str]) -> int:
    # Late, so that no command needs what only another one imports.
    command = import_module(f'promptda_ros.tools.{name}')
    try:
        code = int(command.main(words))
    except SystemExit:  # argparse has printed the help
        code = ExitCode.CLEAN
    sys.stdout.flush()  # a full disk is said here, and not by Python as it ends
    return code


def _enter_large_image_environment() -> None:
    """Start again with the variables that the loader and Fast DDS read only once."""
    from promptda_ros.dds_environment import large_image_environment
    from promptda_ros.share import share_folder

    missing = large_image_environment(share_folder(), os.environ)
    if missing:
        command = [sys.executable, '-m', 'promptda_ros.tools.main', *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **missing})


if __name__ == '__main__':
    sys.exit(main())
