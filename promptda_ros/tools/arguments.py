# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command lines that answer in one sentence, and the numbers that they take."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
import math
import re
from typing import NoReturn, TypeAlias

import yaml

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import Intrinsics
from promptda_ros.core.geometry.camera import BadIntrinsics, check
from promptda_ros.core.model_names import EMBEDDED
from promptda_ros.core.settings import build, describe, model_setting
from promptda_ros.core.settings.schema import Settings
from promptda_ros.core.settings.setting import Value

_Group: TypeAlias = argparse._ArgumentGroup  # noqa: SLF001 (what add_argument_group returns)


class UsageError(PromptdaError):
    """Arguments that a command can't take; the text names the argument and the value."""


# Settings of the node for which commands have options
OPTIONS = {
    'cameras': '--cameras',
    'device': '--device',
    'input.depth_kind': '--depth-kind',
    'input.depth_scale': '--depth-scale',
    'model.name': '--model',
    'model.path': '--model',
    'model.resolution': '--resolution',
}


@dataclass(frozen=True)
class SettingsOption:
    """The option by which a command takes settings that have none of their own."""

    flag: str
    sign: str  # between name and value
    subject: str  # what they act on there
    help: str
    groups: tuple[str, ...] = ()  # that act on it; empty: all
    others: tuple[str, ...] = ()  # that don't

    def takes(self, name: str) -> bool:
        """Return whether a setting is one of them."""
        group = name.partition('.')[0]
        return group not in self.others and group in (self.groups or (group,))


OF_PICTURES = SettingsOption(
    '-p',
    ':=',
    'one picture',
    'a parameter of the groups model, prompt, output or trust (docs/parameters.md)',
    groups=('engine', 'precision', 'model', 'output', 'prompt', 'trust'),
)
OF_RECORDINGS = SettingsOption(
    '--set',
    '=',
    'a recording',
    'a parameter of the node (docs/parameters.md), of one camera with its name before it',
    others=('autostart', 'capture', 'qos', 'strict_params', 'watchdog'),
)
OF_INPUTS = replace(OF_RECORDINGS, subject='what the doctor looks at', others=())
SETTINGS_OPTIONS = (OF_PICTURES, OF_RECORDINGS)


def in_options(text: str, options: Collection[str]) -> str:
    """Return advice about settings of the node as a command with these options takes it."""

    def as_option(assignment: re.Match[str]) -> str:
        name, value = assignment[1], assignment[2]
        if OPTIONS.get(name) in options:
            return f'{OPTIONS[name]} {value}'
        for each in SETTINGS_OPTIONS:
            if each.flag in options and is_setting(name) and each.takes(name):
                return f'{each.flag} {name}{each.sign}{value}'
        return assignment[0]

    def as_topic(remapping: re.Match[str]) -> str:
        option = f'--{remapping[1].replace("_", "-")}'
        return f'name with {option} ' if option in options else remapping[0]

    advice = re.sub(r"([\w.]+):=([^\s,;')]+)", as_option, text)
    advice = re.sub(r'\bremap (\w+)( \(in the launch file \w+:=\))? to ', as_topic, advice)
    return re.sub(r'\bset (?=-)', 'use ', advice)


def is_setting(name: str) -> bool:
    """Return whether the node has a setting of this name."""
    return name in [setting.name for setting in describe()]


def add_model(parser: argparse.ArgumentParser) -> None:
    """Let a command take a network by its name or folder; see `model_setting`."""
    parser.add_argument('--model', default=EMBEDDED, help='name, or folder with a slash')


def settings_of(arguments: argparse.Namespace, model: str, **more: Value) -> Settings:
    """Return the settings of the node for pictures alone, with a network by name or folder."""
    given = {
        model_setting(model): model,
        'device': arguments.device,
        'engine': 'torch',  # the others compile between the frames of the node
    }
    return build({**given, **more})


def require_sensors(wanted: Iterable[str], known: Sequence[str]) -> None:
    """Refuse names of sensors that there are not.

    Raises:
        UsageError: a name is unknown.
    """
    for name in wanted:
        if name not in known:
            raise UsageError(f"sensor '{name}' is not one of {', '.join(known)}")


def add_settings(
    parser: Parser, option: SettingsOption = OF_PICTURES, group: _Group | None = None
) -> None:
    """Let a command take settings of the node, by default those that act on one picture."""
    (group or parser).add_argument(
        option.flag,
        dest='settings',
        type=partial(_assignment, option, parser),
        action='append',
        default=[],
        metavar=f'NAME{option.sign}VALUE',
        help=option.help,
    )


def _assignment(option: SettingsOption, parser: Parser, text: str) -> tuple[str, object]:
    name, sign, value = text.partition('=')
    if not sign or not name.removesuffix(':') or (option.sign == ':=' and name[-1] != ':'):
        raise argparse.ArgumentTypeError(f'{text!r} is not NAME{option.sign}VALUE')
    name = name.removesuffix(':')  # as `ros2 run` takes it
    if OPTIONS.get(name) in parser.options:
        raise argparse.ArgumentTypeError(f'{name} is set by {OPTIONS[name]} here')
    if is_setting(name) and not option.takes(name):
        raise argparse.ArgumentTypeError(f'{name} has no effect on {option.subject}; leave it out')
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError:
        return name, value


class _Formatter(argparse.HelpFormatter):
    """Shows the default of every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or '', action.default
        if default in (None, False, '', [], (), argparse.SUPPRESS):
            return text
        words = default if isinstance(default, (list, tuple)) else [default]
        shown = ' '.join(map(str, words)).replace('%', '%%')
        return f'{text} (default: {shown})'


class Parser(argparse.ArgumentParser):
    """The arguments of one command."""

    def __init__(self, command: str, description: str | None) -> None:
        prog = f'promptda {command}'
        super().__init__(prog=prog, description=description, formatter_class=_Formatter)

    @property
    def options(self) -> list[str]:
        """Return every option that the command takes."""
        return [option for action in self._actions for option in action.option_strings]

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: always.
        """
        raise UsageError(f'{message}; `{self.prog} --help` explains every argument')


def add_camera(parser: argparse.ArgumentParser, *, needed_for: str = '') -> None:
    """Let a command take the camera of its images, and what its depth files hold."""
    parser.add_argument(
        '--intrinsics',
        type=finite,
        nargs=4,
        metavar=('FX', 'FY', 'CX', 'CY'),
        help=f'intrinsics of the image in pixels; required for {needed_for}--depth-kind ray',
    )
    parser.add_argument(
        '--depth-kind',
        choices=('z', 'ray'),
        default='z',
        help='depth along the optical axis, or the distance along the ray of each pixel',
    )


def camera_of(arguments: argparse.Namespace, height: int, width: int) -> Intrinsics | None:
    """Return the camera of an image of this size, None where none is given.

    Raises:
        UsageError: the numbers describe no camera.
    """
    if arguments.intrinsics is None:
        return None
    try:
        return check(Intrinsics(width, height, *arguments.intrinsics))
    except BadIntrinsics as error:
        given = ' '.join(f'{number:g}' for number in arguments.intrinsics)
        raise UsageError(f'--intrinsics {given} of no camera: {error}') from error


def rays_of(arguments: argparse.Namespace) -> tuple[float, ...] | None:
    """Return fx, fy, cx, cy where depth files hold distances along the rays, else None.

    Raises:
        UsageError: --depth-kind ray has no camera.
    """
    if arguments.depth_kind == 'z':
        return None
    if arguments.intrinsics is None:
        raise UsageError('--depth-kind ray needs the camera: --intrinsics FX FY CX CY')
    return tuple(arguments.intrinsics)


def finite(text: str) -> float:
    """Read a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f'{text!r} is not a number')
    return value


def number_above(limit: float) -> Callable[[str], float]:
    """Return what reads a finite number above a limit."""

    def read(text: str) -> float:
        value = finite(text)
        if value <= limit:
            raise argparse.ArgumentTypeError(f'{text!r} is not a number above {limit:g}')
        return value

    return read


def number_from(limit: float) -> Callable[[str], float]:
    """Return what reads a finite number from a limit on."""

    def read(text: str) -> float:
        value = finite(text)
        if value < limit:
            raise argparse.ArgumentTypeError(f'{text!r} is not a number from {limit:g} on')
        return value

    return read


def whole_from(limit: int) -> Callable[[str], int]:
    """Return what reads a whole number from a limit on."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or int(text) < limit:
            raise argparse.ArgumentTypeError(f'{text!r} is not a whole number from {limit} on')
        return int(text)

    return read
