# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a rig, and what to set or to calibrate again."""

from __future__ import annotations

from collections.abc import Iterator
import math

from promptda_ros.camera.alignment import OR_REGISTERED
from promptda_ros.core.settings.schema import Settings
from promptda_ros.doctor.finding import ERROR, Finding, WARNING
from promptda_ros.rig.clock_offset import ClockOffset
from promptda_ros.rig.coverage import PROMISED, TIMES
from promptda_ros.rig.edge_shift import EdgeShift
from promptda_ros.rig.report import RigReport

# Of the longer side of the image: stricter than the doctor, who sees few frames of any scene
MOST_SHIFT_SHARE = 0.0025
MOST_OFFSET_SEC = 0.005
CERTAIN = 2.0  # standard errors
LEAST_COVERAGE = 0.9
MOST_PLANE_FIT = 0.02  # of the distance
UNIT = 100.0  # so many times too far or too near is another unit, and no error of calibration


def findings_of(
    report: RigReport, settings: Settings, tolerance_m: float, prefix: str = ''
) -> list[Finding]:
    """Return what is wrong, the worst first; `prefix` begins the names of a camera's settings."""
    found = [
        *_of_bias(report, settings, tolerance_m, prefix),
        *_of_offset(report.offset, settings, prefix),
        *_of_shift(report, settings, prefix),
        *_of_surface(report),
        *_of_coverage(report),
    ]
    return sorted(found, key=lambda each: each.level != ERROR)


def _of_bias(
    report: RigReport, settings: Settings, tolerance_m: float, prefix: str
) -> Iterator[Finding]:
    bias_m, expect_m = report.sensor_bias_m, report.expect_m
    if bias_m is None or expect_m is None or abs(bias_m) <= tolerance_m:
        return
    factor = expect_m / report.sensor.distance_m
    name = f'{prefix}input.depth_scale'
    scale = settings.input.depth_scale
    if scale > 0:
        new = f'{name}:={scale * factor:.6g}'
    else:
        new = f'{name}:={0.001 * factor:.6g} for 16-bit depth, or {factor:.6g} for 32FC1'
    is_unit = not 1 / UNIT < factor < UNIT
    yield Finding(
        'bias',
        ERROR,
        f'the sensor shows the board at {report.sensor.distance_m:.4f} m, {bias_m * 1e3:+.1f} mm '
        f'from the expected {expect_m:g} m; allowed are {tolerance_m * 1e3:g} mm',
        'the network takes the metres of the sensor: a gripper arrives as far off',
        f'set {new}'
        if is_unit
        else 'validate at a second distance. The same millimetres there: calibrate the sensor '
        f'again with the tool of its maker; the same share ({bias_m / expect_m:+.2%}): set {new}',
    )


def _of_offset(offset: object, settings: Settings, prefix: str) -> Iterator[Finding]:
    if not isinstance(offset, ClockOffset):
        return
    left_sec = offset.sec + settings.sync.depth_time_offset
    if abs(left_sec) <= max(MOST_OFFSET_SEC, CERTAIN * offset.error_sec):
        return
    verb = 'later' if left_sec > 0 else 'earlier'
    yield Finding(
        'clock_offset',
        ERROR,
        f'the depth shows a motion {abs(left_sec) * 1e3:.0f} ms {verb} than the image (error '
        f'{offset.error_sec * 1e3:.0f} ms), with sync.depth_time_offset '
        f'{settings.sync.depth_time_offset:g} s',
        'while anything moves, the depth of another moment is joined with the image',
        f'set {prefix}sync.depth_time_offset:={-offset.sec:.3f}'
        f'{_tolerance(offset, settings, prefix)}',
    )


def _tolerance(offset: ClockOffset, settings: Settings, prefix: str) -> str:
    """Say what else to set where depth then falls between two images."""
    needed_sec = math.ceil(1e3 * (offset.gap_sec + offset.error_sec)) / 1e3
    if needed_sec <= settings.sync.tolerance:
        return ''
    return f' and {prefix}sync.tolerance:={needed_sec:g}'


def _of_shift(report: RigReport, settings: Settings, prefix: str) -> Iterator[Finding]:
    shift = report.shift
    if not isinstance(shift, EdgeShift):
        return
    most_px = shift.most_px(MOST_SHIFT_SHARE)
    if shift.px - CERTAIN * shift.error_px <= most_px:
        return
    yield Finding(
        'registration',
        ERROR,
        f'edges of the depth lie {shift.px:.1f} px ({shift.where}; error {shift.error_px:.1f} px) '
        f'from those of the picture, more than {most_px:.1f} px',
        'the depth of one thing is joined with the picture of another: its edges are wrong by as '
        'much',
        _shift_fix(report, shift, settings, prefix),
    )


def _shift_fix(report: RigReport, shift: EdgeShift, settings: Settings, prefix: str) -> str:
    if settings.extrinsics.source != 'parameters':
        return (
            'calibrate where the sensor is: its transform or one of both camera_info is wrong, '
            f'{OR_REGISTERED}'
        )
    x, y, z = settings.extrinsics.translation
    metres = report.sensor.distance_m / report.focal_px  # of a pixel
    moved = f'{x - shift.across_px * metres:.4f},{y - shift.down_px * metres:.4f},{z:.4f}'
    return (
        f'set {prefix}extrinsics.translation:=[{moved}] and validate at another distance; if '
        'the shift comes back there, it is extrinsics.rotation that is wrong'
    )


def _of_surface(report: RigReport) -> Iterator[Finding]:
    for name, surface in (('sensor', report.sensor), ('published depth', report.ours)):
        if surface is None or surface.plane_fit_m <= MOST_PLANE_FIT * surface.distance_m:
            continue
        yield Finding(
            'plane_fit',
            WARNING,
            f'the {name} is {surface.plane_fit_m * 1e3:.1f} mm from a plane, more than '
            f'{MOST_PLANE_FIT:.0%} of the distance; {surface.shape_m * 1e3:.1f} mm of that last',
            'a flat thing looks bent or rough',
            'what lasts is calibration (of the sensor, with the tool of its maker); what changes '
            'is noise: more light, a matt board, or prompt.smoothing:=8',
        )


def _of_coverage(report: RigReport) -> Iterator[Finding]:
    coverage = report.coverage
    if not isinstance(coverage, float) or coverage >= LEAST_COVERAGE:
        return
    yield Finding(
        'coverage',
        WARNING,
        f'{coverage:.0%} of the pixels are within {TIMES:g} times their uncertainty, not '
        f'{PROMISED:.0%}',
        'who trusts the uncertainty takes depth for better than it is',
        'remove the bias first; if it stays, adapt the network to the sensor '
        '(docs/recipes/own_sensor.md)',
    )
