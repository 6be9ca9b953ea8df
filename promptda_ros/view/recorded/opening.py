# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An open recording -> a source: with the depth that is in it, or that of a network."""

from __future__ import annotations

from promptda_ros.bags.processing.work import Work
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.core.health import NetworkHealth
from promptda_ros.core.runtime.device import choose_device
from promptda_ros.core.runtime.log import keep_traceback
from promptda_ros.core.runtime.resolution import Resolution
from promptda_ros.model import load_model
from promptda_ros.view.recorded.depths import NetworkDepths, RecordedDepths
from promptda_ros.view.recorded.frames import Frames
from promptda_ros.view.recording import RecordingSource


def _on_error(error: Exception) -> None:
    keep_traceback(error)


def open_recording(work: Work) -> RecordingSource:
    """Return the source for the only camera of a recording.

    Raises:
        DeviceError: depth must be made, and the device can't be used.
        CheckpointError: the weights are missing or fail a check.
    """
    (camera,) = work.topics
    settings, title = work.settings[camera], work.bag.path.name
    recorded = RecordedDepths(work.bag, work.recipe.prefix, camera)
    if recorded.are_there:
        frames = Frames(work, choose_device('cpu'))
        return RecordingSource(title, frames, recorded, settings)
    model = load_model(settings)
    frames = Frames(work, model.estimator.device)
    health = NetworkHealth(Resolution(model.estimator.resolution, may_shrink=True), work.log)
    pipeline = Pipeline(model, health, say=work.log.info, on_error=_on_error)
    return RecordingSource(title, frames, NetworkDepths(pipeline, frames), settings)
