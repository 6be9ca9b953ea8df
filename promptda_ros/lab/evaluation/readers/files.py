# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames that lie on disk as picture files: where they are, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.frame import ByteImage, FloatImage, Intrinsics
from promptda_ros.core.geometry.camera import along_axis, check
from promptda_ros.lab.evaluation.reduce import reduce_by
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.messages import millimetres
from promptda_ros.messages.picture_files import (
    read_depth_file,
    read_image_file,
    require_files_of_same_view,
)

Number = TypeVar('Number', bound=np.generic)

Pinhole = tuple[float, ...]  # fx, fy, cx, cy in pixels


class NoFrames(PromptdaError, ValueError):
    """A folder in which a reader finds nothing to read; the text says what it looked for."""


@dataclass(frozen=True)
class FrameFiles:
    """The files of one frame."""

    name: str
    sensor: str
    image: Path
    truth: Path
    sensor_depth: Path | None = None  # None: the truth, reduced, is the sensor depth
    scale_m: float = millimetres.METRES  # metres in one count of the depth files
    quarter_turns: int = 0  # to the left, until the picture is upright
    rays_of: Pinhole | None = None  # the image's, where depth files hold distances along its rays


@dataclass(frozen=True)
class FileReader:
    """Reads frames one after the other and keeps none."""

    frames: Sequence[FrameFiles]
    prompt_size: tuple[int, int] | None  # (rows, columns) made of the truth; None: as it is

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Sample]:
        return map(self.read, self.frames)

    def read(self, frame: FrameFiles) -> Sample:
        """Read one frame.

        Raises:
            OSError: a file is not there or is no picture of the right kind.
            BadIntrinsics: depth is along the rays of no camera.
        """
        image = read_image_file(frame.image)
        truth_m = _read_depth(frame.truth, frame, image)
        if frame.sensor_depth is None:
            size = self.prompt_size or truth_m.shape
            sensor_depth_m = reduce_by('median', truth_m, size)
        else:
            sensor_depth_m = _read_depth(frame.sensor_depth, frame, image)
        image = _upright(image, frame)
        require_files_of_same_view(frame.image, image.shape[:2], frame.truth, truth_m.shape)
        return Sample(
            name=frame.name,
            sensor=frame.sensor,
            image=_in_size_of(truth_m, image),
            sensor_depth_m=sensor_depth_m,
            truth_m=truth_m,
        )


def evenly(frames: Sequence[FrameFiles], count: int | None) -> list[FrameFiles]:
    """Choose this many frames, evenly spread; None is all."""
    if count is None or count >= len(frames):
        return list(frames)
    return [frames[index * len(frames) // count] for index in range(count)]


def _read_depth(path: Path, frame: FrameFiles, image: ByteImage) -> FloatImage:
    """Read depth along the optical axis (h, w), upright."""
    depth_m = read_depth_file(path, frame.scale_m)
    if frame.rays_of is not None:
        height, width = image.shape[:2]
        depth_m = along_axis(depth_m, check(Intrinsics(width, height, *frame.rays_of)))
    return _upright(depth_m, frame)


def _upright(picture: npt.NDArray[Number], frame: FrameFiles) -> npt.NDArray[Number]:
    return np.ascontiguousarray(np.rot90(picture, frame.quarter_turns))


def _in_size_of(truth_m: FloatImage, image: ByteImage) -> ByteImage:
    height, width = truth_m.shape
    if image.shape[:2] == (height, width):
        return image
    resized: ByteImage = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return resized
