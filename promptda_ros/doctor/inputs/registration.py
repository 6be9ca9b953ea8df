# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether depth lies where the picture shows things."""

from __future__ import annotations

from collections.abc import Iterator

from promptda_ros.camera.extrinsics import BY_PARAMETERS
from promptda_ros.core.geometry.frame_ids import same_frame
from promptda_ros.doctor.finding import ERROR, Finding, Sound
from promptda_ros.doctor.inputs.facts import CameraFacts
from promptda_ros.doctor.inputs.reading import Reading
from promptda_ros.rig.edge_shift import EdgeShiftMeter

# Of the longer side of the image. Sound sensors come to half of it in a few frames of any scene;
# `promptda validate` looks at a board for longer and allows less.
MOST_SHARE = 0.01


class RegistrationCheck:
    """Measures how far edges of depth are from those of the picture."""

    def __init__(self, facts: CameraFacts, reading: Reading) -> None:
        self._facts, self._reading = facts, reading

    def look(self) -> Iterator[Finding | Sound]:
        """Say where depth lies."""
        meter = EdgeShiftMeter()
        for frame in self._reading.frames:
            meter.add(frame.image, frame.sensor_depth_m)
        shift = meter.result()
        if shift is None:
            yield Sound('registration', 'the edges of these scenes do not tell it')
            return
        most_px = shift.most_px(MOST_SHARE)
        measured = f'{shift.px:.1f} px ({shift.where}; error {shift.error_px:.1f} px)'
        if shift.px - shift.error_px <= most_px:
            yield Sound('registration', f'edges of depth and picture are {measured} apart')
            return
        yield Finding(
            'registration',
            ERROR,
            f'edges of depth are {measured} from those of the picture, more than {most_px:.1f} px',
            'the network joins the depth of one thing with the picture of another: edges of the '
            'published depth are wrong by as much',
            self._fix(),
        )

    def _fix(self) -> str:
        pair = self._facts.pairs[0]
        if same_frame(pair.depth.header.frame_id, pair.image.header.frame_id):
            return (
                'use the aligned depth of the driver (RealSense: align_depth.enable:=true), or '
                f'{BY_PARAMETERS}'
            )
        return 'calibrate where the sensor is: its transform or one of both camera_info is wrong'
