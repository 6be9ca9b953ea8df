# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Writes golden.json of the embedded network, or of a folder: the depth that its start must give.

To be run where the depth is known to be right, in float32 on a CPU.
"""

from __future__ import annotations

import sys

from promptda_ros.core.self_check import golden_depth_m
from promptda_ros.core.settings import build
from promptda_ros.model import load_model
from promptda_ros.model_folders import model_folder
from promptda_ros.network.files.golden import GOLDEN_FILE, write_golden


def main() -> None:
    """Write the file, in place of the one that is there."""
    chosen = {'model.path': sys.argv[1]} if len(sys.argv) > 1 else {}
    exact = {'device': 'cpu', 'engine': 'torch', 'precision': 'fp32'}
    settings = build({**exact, **chosen})
    folder = model_folder(settings.model)
    (folder / GOLDEN_FILE).unlink(missing_ok=True)  # it may be of another version
    model = load_model(settings)
    write_golden(folder, model.sha256, golden_depth_m(model.estimator))
    print(f'written to {folder / GOLDEN_FILE}')


if __name__ == '__main__':
    main()
