# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The old name of promptda_ros.model, for one version."""

from __future__ import annotations

import warnings

from promptda_ros.loaded_model import LoadedModel
from promptda_ros.model import load_model
from promptda_ros.model_folders import expected_digest, model_folder, note_digest

__all__ = ['LoadedModel', 'expected_digest', 'load_model', 'model_folder', 'note_digest']

warnings.warn(
    'promptda_ros.models goes with the next version: import load_model from promptda_ros.model, '
    'LoadedModel from promptda_ros.loaded_model and model_folder from promptda_ros.model_folders',
    DeprecationWarning,
    stacklevel=2,
)
