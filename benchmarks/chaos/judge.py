# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with an output, by what was sent: nothing here knows how the node works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.chaos.content import colour_of, MOST_OFF_MM, Scene, shift_mm_of
from benchmarks.chaos.truth import SentImage, Truth
from promptda_ros.core.frame import FloatImage

FAR_OFF_MM, MOST_FAR_OFF = 120.0, 0.1  # of the pixels; measured: 0.01
DEPTH, CLOUD, INFO = 'depth', 'points', 'camera_info'


@dataclass(frozen=True, eq=False)
class Output:
    """One message of the node."""

    topic: str
    kind: str  # DEPTH, CLOUD or INFO
    camera: str
    stamp_ns: int
    frame_id: str
    width: int
    height: int
    arrival_ns: int  # steady clock
    depth_m: FloatImage | None = None  # (height, width) of a depth image or a cloud
    colour: tuple[int, int, int] | None = None  # of the corner of a cloud
    broken: str = ''  # what keeps its pixels from being read


class Judge:
    """Knows what was sent for a camera, and what came of it so far on every topic."""

    def __init__(self, camera: str, truth: Truth, scene: Scene, *, frame_id: str) -> None:
        self._camera, self._truth, self._scene = camera, truth, scene
        self._frame_id = frame_id
        self._latest: dict[str, SentImage] = {}  # by topic

    def wrong(self, output: Output) -> list[str]:
        """Return what is wrong with an output, in sentences; to be asked once, in their order."""
        image = self._truth.image_at(output.stamp_ns)
        if image is None:
            found = ['its stamp is that of no image']
        else:
            found = [*self._out_of_order(output, image), *self._wrong(output, image)]
        return [f'{output.topic} {output.stamp_ns}: {each}' for each in found]

    def _out_of_order(self, output: Output, image: SentImage) -> Iterator[str]:
        before = self._latest.get(output.topic)
        if before is not None and image is before:
            yield f'image {image.number} has had its output already'
        elif before is not None and image.order < before.order:
            yield f'image {image.number} came after {before.number}, which was sent later'
        self._latest[output.topic] = image

    def _wrong(self, output: Output, image: SentImage) -> Iterator[str]:
        if output.broken:
            yield output.broken
        if output.frame_id != self._frame_id:
            yield f'its frame is {output.frame_id}, not {self._frame_id}'
        if image.is_garbage:
            return  # whatever can be read of it
        sizes = output.width, output.height
        if sizes != (image.width, image.height):
            yield f'its size is {sizes}, that of the image {(image.width, image.height)}'
        elif output.depth_m is not None:
            yield from self._wrong_pixels(output.depth_m, image)
        if output.colour is not None and output.colour != colour_of(image.number):
            yield f'its colour is {output.colour}, that of the image {colour_of(image.number)}'

    def _wrong_pixels(self, depth_m: FloatImage, image: SentImage) -> Iterator[str]:
        known = depth_m[~np.isnan(depth_m)]
        if not np.isfinite(known).all() or (known <= 0).any():
            yield 'it has depth that is neither positive nor NaN'
            return
        partners = self._truth.partners(image)
        if not partners:
            yield f'image {image.number} has no depth within the tolerance'
            return
        off_mm = self._scene.off_mm(depth_m)
        off_mm = off_mm[np.isfinite(off_mm)]
        if not off_mm.size:
            yield 'it has no depth where the scene has'
            return
        shift_mm = float(np.median(off_mm))
        fitting = [
            each for each in partners if abs(shift_mm - shift_mm_of(each.number)) <= MOST_OFF_MM
        ]
        if not fitting:
            wanted_mm = ', '.join(str(shift_mm_of(each.number)) for each in partners)
            yield f'its depth tells {shift_mm:.1f} mm, that of its pair {wanted_mm}'
            return
        far_off = np.abs(off_mm - shift_mm_of(fitting[0].number)) > FAR_OFF_MM
        if far_off.mean() > MOST_FAR_OFF:
            yield f'{far_off.mean():.0%} of its pixels are more than {FAR_OFF_MM:g} mm off'
