# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether depth lies where the picture shows things."""

from __future__ import annotations

from collections.abc import Iterator

from promptda_ros.camera.extrinsics import BY_PARAMETERS
from promptda_ros.core.geometry.frame_ids import same_frame
from promptda_ros.doctor.finding import ERROR, Finding, Sound, WARNING
from promptda_ros.doctor.inputs.facts import CameraFacts
from promptda_ros.doctor.inputs.reading import Reading
from promptda_ros.rig.edge_shift import EdgeShift, EdgeShiftMeter

# Of the longer side of the image. Sound sensors come to half of it in a few frames of any scene;
# `promptda validate` looks at a board for longer and allows less.
MOST_SHARE = 0.01
ERRORS_ALONE = 2  # standard errors that one frame is given in favour: few edges may mislead
FIX_OF_SOME = (
    'the driver aligns some frames and others not, or pairs depth with the picture of another '
    'moment: update it, and let the sensor trigger camera and depth together'
)


class RegistrationCheck:
    """Measures how far edges of depth are from those of the picture."""

    def __init__(self, facts: CameraFacts, reading: Reading) -> None:
        self._facts, self._reading = facts, reading

    def look(self) -> Iterator[Finding | Sound]:
        """Say where depth lies."""
        meter, off = EdgeShiftMeter(), []
        for frame in self._reading.frames:
            alone = EdgeShiftMeter()
            alone.add(frame.image, frame.sensor_depth_m)
            meter.join(alone)
            shift = alone.result()
            if shift is not None and shift.px - ERRORS_ALONE * shift.error_px > _most_px(shift):
                off.append(shift)
        shift = meter.result()
        if shift is not None and shift.px - shift.error_px > _most_px(shift):
            yield self._finding(ERROR, shift, '', self._fix())
        elif off:
            worst = max(off, key=lambda each: each.px)
            where = f' in {len(off)} of {len(self._reading.frames)} frames, not in all'
            yield self._finding(WARNING, worst, where, FIX_OF_SOME)
        elif shift is not None:
            what = f'edges of depth and picture are {_measured(shift)} apart'
            yield Sound('registration', what)
        else:
            yield Sound('registration', 'the edges of these scenes do not tell it')

    def _finding(self, level: str, shift: EdgeShift, where: str, fix: str) -> Finding:
        return Finding(
            'registration',
            level,
            f'edges of depth are {_measured(shift)} from those of the picture{where}, more than '
            f'{_most_px(shift):.1f} px',
            'the network joins the depth of one thing with the picture of another: edges of the '
            'published depth are wrong by as much',
            fix,
        )

    def _fix(self) -> str:
        pair = self._facts.pairs[0]
        if same_frame(pair.depth.header.frame_id, pair.image.header.frame_id):
            return (
                'use the aligned depth of the driver (RealSense: align_depth.enable:=true), or '
                f'{BY_PARAMETERS}'
            )
        return 'calibrate where the sensor is: its transform or one of both camera_info is wrong'


def _most_px(shift: EdgeShift) -> float:
    return shift.most_px(MOST_SHARE)


def _measured(shift: EdgeShift) -> str:
    return f'{shift.px:.1f} px ({shift.where}; error {shift.error_px:.1f} px)'
