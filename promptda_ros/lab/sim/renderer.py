# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether this machine can draw scenes without a window."""

from __future__ import annotations

import os
import subprocess
import sys

from promptda_ros.core.errors import PromptdaError

TRIAL = 'import mujoco; mujoco.GLContext(64, 48).make_current()'


class NoRenderer(PromptdaError, RuntimeError):
    """Scenes can't be drawn here; the text says why and what fixes it."""


def require_renderer() -> None:
    """Choose a way to draw without a window, unless the user did, and try it.

    To be called before MuJoCo is imported, which reads MUJOCO_GL once. The trial has a process of
    its own: what a graphics library leaves behind does not survive a fork.

    Raises:
        NoRenderer: MuJoCo or an off-screen OpenGL is missing.
    """
    chosen = os.environ.setdefault('MUJOCO_GL', 'egl')
    trial = subprocess.run([sys.executable, '-c', TRIAL], capture_output=True, text=True)
    if trial.returncode == 0:
        return
    lines = trial.stderr.strip().splitlines() or [f'exit status {trial.returncode}']
    if "No module named 'mujoco'" in trial.stderr:
        fix = 'pip install -r requirements/sim.txt'
    else:
        fix = 'install libegl1 and libgl1, or set MUJOCO_GL=osmesa (docs/install.md)'
    text = f'the cell cannot be rendered with MUJOCO_GL={chosen} ({lines[-1][:120]}); {fix}'
    raise NoRenderer(text)
