# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether camera_info belongs to the image, and describes a camera that there can be."""

from __future__ import annotations

from collections.abc import Iterator
import math

from promptda_ros.bags.kinds import base_of
from promptda_ros.bags.planning.topics import beside
from promptda_ros.camera.calibration import Calibration, COLOUR, ImageReference
from promptda_ros.camera.camera import RECTIFIED_TOPIC
from promptda_ros.core.frame import BadFrame, Intrinsics
from promptda_ros.core.geometry.camera_info import CALIBRATE
from promptda_ros.core.pairing.silence import explain_no_camera_info
from promptda_ros.doctor.finding import Finding, Sound, WARNING
from promptda_ros.doctor.inputs.facts import CameraFacts
from promptda_ros.messages.decoding import read_any_image
from promptda_ros.messages.stamps import stamp_ns_of

WHY = 'clouds and registered depth are made with it: points lie at wrong places, or none come'
# What lenses without a fisheye model span, with some room on both sides
NARROWEST_DEG, WIDEST_DEG = 8.0, 150.0
SQUAREST = 1.1  # pixels that are longer than wide, or wider than long, by more than this
AT_ONCE_SEC = 0.05


class CameraInfoCheck:
    """Reads the camera_info of the image as the node does; `said` is what it says then."""

    def __init__(self, facts: CameraFacts) -> None:
        self._facts = facts
        self.said: list[str] = []
        self._calibration = Calibration(
            warn=self.said.append,
            error=self.said.append,
            rectified=RECTIFIED_TOPIC.search(base_of(facts.topics.image)) is not None,
            role=COLOUR,
            topic=facts.topics.camera_info,
        )

    def look(self) -> Iterator[Finding | Sound]:
        """Say what is wrong with it, or what it says."""
        infos = self._facts.beside.get('camera_info', ())
        if not infos:
            topic = self._facts.topics.camera_info or beside(self._facts.topics.image)
            yield Finding.of_sentence('camera_info', WARNING, explain_no_camera_info(topic), WHY)
            return
        for info in infos:
            self._calibration.add(info)
        found = [each for each in map(self._read, range(len(self._facts.pairs))) if each]
        for sentence in self.said:
            yield Finding.of_sentence('camera_info', WARNING, sentence, WHY, CALIBRATE)
        if not found:
            return
        if problem := _implausible(found[0]):
            yield Finding('camera_info', WARNING, problem, WHY, CALIBRATE)
        elif not self.said:
            yield self._sound(found[0])

    def _read(self, number: int) -> Intrinsics | None:
        pair, settings = self._facts.pairs[number], self._facts.settings.input
        try:
            height, width = read_any_image(pair.image, settings).shape[:2]
        except BadFrame:
            return None  # said of the frame
        frame_id = pair.image.header.frame_id
        reference = ImageReference(pair.image_stamp_ns, frame_id, height, width)
        optics = self._calibration.optics_of(reference, settings)
        return None if optics is None else optics.intrinsics

    def _sound(self, camera: Intrinsics) -> Sound:
        infos, image_ns = self._facts.beside['camera_info'], self._facts.pairs[-1].image_stamp_ns
        info = min(infos, key=lambda each: abs(stamp_ns_of(each.header) - image_ns))
        age_sec = abs(stamp_ns_of(info.header) - image_ns) / 1e9
        age = 'of the time of the images' if age_sec < AT_ONCE_SEC else f'{age_sec:.1f} s away'
        across, down = _field_deg(camera)
        off = camera.cx - (camera.width - 1) / 2, camera.cy - (camera.height - 1) / 2
        binning = f'{max(info.binning_x, 1)}x{max(info.binning_y, 1)}'
        return Sound(
            'camera_info',
            f'{self._facts.topics.camera_info}: {across:.0f} x {down:.0f} degrees, principal '
            f'point {off[0]:.0f}, {off[1]:.0f} px off the middle, binning {binning}, {age}',
        )


def _implausible(camera: Intrinsics) -> str:
    """Say why there is no such camera; empty: there may be."""
    across, down = _field_deg(camera)
    of = f'fx {camera.fx:g}, fy {camera.fy:g} of camera_info give a {camera.width}x{camera.height}'
    if not (NARROWEST_DEG <= min(across, down) and max(across, down) <= WIDEST_DEG):
        return f'{of} image a field of view of {across:.0f} x {down:.0f} degrees'
    ratio = camera.fx / camera.fy
    if max(ratio, 1 / ratio) > SQUAREST:
        return f'{of} image pixels that are {ratio:.2f} times as high as wide'
    return ''


def _field_deg(camera: Intrinsics) -> tuple[float, float]:
    """Return how much the image spans across and down."""
    across = 2 * math.atan(camera.width / 2 / camera.fx)
    return math.degrees(across), math.degrees(2 * math.atan(camera.height / 2 / camera.fy))
