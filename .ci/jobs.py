#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The jobs of the workflows: list them, run them as far as this machine can, print their table.

.ci/jobs.py list                  every job, and why this machine cannot run it
.ci/jobs.py run wheel 3.11        the steps of a job that are commands; nothing else is installed
.ci/jobs.py table                 the table of docs/install.md
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((REPOSITORY / '.github' / 'workflows').glob('*.yml'))
RUNS = REPOSITORY / '.ci' / 'runs.yaml'


@dataclass(frozen=True)
class Job:
    """One job with its place in the matrix."""

    name: str
    title: str
    matrix: dict[str, str]
    steps: list[dict[str, Any]]
    environment: dict[str, str]
    container: str

    def obstacle(self) -> str:
        """Return why its commands can't run on this machine; '' if they can."""
        distribution = self.matrix.get('distribution', '')
        if self.container and os.environ.get('ROS_DISTRO') != distribution:
            return f'needs the container {self.container}'
        python = self.environment.get('PYTHON', 'python3')
        if not starts(python, '--version'):
            return f'{python} is not installed'
        if self.name == 'containers' and not starts('docker', 'compose', 'version'):
            return 'docker compose is not installed'
        return ''


def starts(*command: str) -> bool:
    """Return whether a program is there and works, which its launcher alone does not prove."""
    if shutil.which(command[0]) is None:
        return False
    return not subprocess.run(command, capture_output=True, check=False).returncode


def jobs() -> Iterator[Job]:
    """Read every job of every workflow, once for each place in its matrix."""
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        for name, job in workflow['jobs'].items():
            axes = job.get('strategy', {}).get('matrix', {})
            for values in product(*axes.values()):
                matrix = dict(zip(axes, values, strict=True))
                yield filled_in(name, job, matrix, workflow.get('env', {}))


def filled_in(name: str, job: dict[str, Any], matrix: dict[str, str], around: Any) -> Job:
    """Return a job with the values of the matrix in place of its expressions."""
    steps = [{key: fill(value, matrix) for key, value in step.items()} for step in job['steps']]
    environment = {**around, **job.get('env', {})}
    return Job(
        name=name,
        title=fill(job['name'], matrix),
        matrix=matrix,
        steps=steps,
        environment={key: fill(str(value), matrix) for key, value in environment.items()},
        container=fill(job.get('container', ''), matrix),
    )


def fill(text: Any, matrix: dict[str, str]) -> Any:
    """Put the values of the matrix into a text."""
    if not isinstance(text, str):
        return text
    return re.sub(r'\$\{\{ matrix\.(\w+) \}\}', lambda found: matrix[found[1]], text)


def run(job: Job) -> int:
    """Run the commands of a job one after the other; return the first exit code that is not 0.

    What the environment sets already, for example TORCH_INDEX, wins over the workflow.
    """
    if obstacle := job.obstacle():
        print(f'not run: {job.title}: {obstacle}')
        return 1
    for step in job.steps:
        if 'run' not in step:
            print(f'not run: {step["uses"]}', flush=True)
            continue
        print(f'run: {step["run"]}', flush=True)
        own = {**job.environment, **step.get('env', {}), **os.environ, 'CI': 'true'}
        command = ['bash', '-e', '-c', step['run']]
        if code := subprocess.run(command, cwd=REPOSITORY, env=own, check=False).returncode:
            print(f'exit code {code}')
            return code
    return 0


def table() -> str:
    """Return what was run of the tests' matrix as a table in Markdown."""
    seen = yaml.safe_load(RUNS.read_text())
    lines = ['| job of `test.yml` | result |', '|---|---|']
    for job in jobs():
        if job.name == 'soak':
            continue
        passed = [each for each in seen if {'job': job.name, **job.matrix}.items() <= each.items()]
        result = ', '.join(f'passed {each["date"]}, {each["where"]}' for each in passed)
        lines.append(f'| {job.title} | {result or "not run"} |')
    return '\n'.join(lines)


def main(words: list[str]) -> int:
    """Do what the arguments say."""
    known = [*jobs()]
    if words[:1] == ['run'] and len(words) > 1:
        chosen = [job for job in known if [job.name, *job.matrix.values()] == words[1:]]
        chosen = chosen or [job for job in known if [job.name] == words[1:]]
        return max([run(job) for job in chosen], default=2)
    if words == ['table']:
        print(table())
    elif words == ['list']:
        for job in known:
            called = ' '.join((job.name, *job.matrix.values()))
            print(f'{called:20} {job.obstacle() or "can be run here"}')
    else:
        print(__doc__)
    return 0 if words in (['table'], ['list']) else 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
