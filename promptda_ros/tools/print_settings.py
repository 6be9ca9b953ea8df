# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda print_settings`: writes config/promptda.yaml and docs/parameters.md."""

from __future__ import annotations

from pathlib import Path
import textwrap

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.settings import describe
from promptda_ros.core.settings.setting import Setting, Value
from promptda_ros.tools.arguments import Parser

YAML_FILE = Path('config/promptda.yaml')
TABLE_FILE = Path('docs/parameters.md')
REMAKE = 'Generated from promptda_ros/core/settings by `promptda print_settings`; do not edit.'
WIDTH = 99


def main(argv: list[str]) -> int:
    """Write both files below a folder."""
    folder: Path = make_parser().parse_args(argv).out
    contents = {YAML_FILE: as_yaml(), TABLE_FILE: as_table()}
    with OutputFolder(folder, *map(str, contents)) as unfinished:
        for name, content in contents.items():
            (unfinished / name).parent.mkdir(exist_ok=True)
            (unfinished / name).write_text(content)
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('print_settings', __doc__)
    parser.add_argument('--out', type=Path, default=Path(), help='root of the repository')
    return parser


def as_yaml() -> str:
    """Return the parameter file with every default and its meaning."""
    lines = [
        '# SPDX-FileCopyrightText: 2026 promptda_ros contributors',
        '# SPDX-License-Identifier: Apache-2.0',
        '#',
        f'# {REMAKE}',
        '# The wildcard makes this file valid for any node name and namespace.',
        '/**:',
    ]
    lines.append('  ros__parameters:')
    group = ''
    for setting in describe():
        new_group, _, key = setting.name.rpartition('.')
        if new_group != group:
            lines += ['', f'    {new_group}:']
            group = new_group
        indent = '      ' if group else '    '
        lines += textwrap.wrap(
            _about(setting), WIDTH, initial_indent=f'{indent}# ', subsequent_indent=f'{indent}# '
        )
        lines.append(f'{indent}{key}: {_yaml(setting.default)}')
    return '\n'.join(lines) + '\n'


def as_table() -> str:
    """Return the page that explains every parameter."""
    lines = [
        '# Parameters',
        '',
        REMAKE,
        'Live parameters can be changed while the node runs (`ros2 param set`); the others are',
        'read at start-up. A value outside its limits is refused, with the value and the limits.',
        '',
        '| parameter | default | unit | limits | live | description |',
        '|---|---|---|---|---|---|',
    ]
    for setting in describe():
        default = f'`{_yaml(setting.default)}`'
        live = 'yes' if setting.live else ''
        lines.append(
            f'| `{setting.name}` | {default} | {setting.unit} | {_limits(setting)} | {live} '
            f'| {setting.meaning} |'
        )
    return '\n'.join(lines) + '\n'


def _about(setting: Setting) -> str:
    limits = ' '.join(text for text in (_limits(setting), setting.unit) if text)
    return f'{setting.meaning} [{limits}]' if limits else setting.meaning


def _limits(setting: Setting) -> str:
    if setting.choices:
        return f'one of {", ".join(setting.choices)}'
    if setting.limits is None:
        return ''
    low, high = setting.limits
    return f'{low:g} to {high:g}'


def _yaml(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f'[{", ".join(_yaml(each) for each in value)}]'
    return f"'{value}'" if isinstance(value, str) else str(value)
