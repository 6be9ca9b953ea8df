# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A report about a rig in words and figures, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from promptda_ros.doctor.finding import Finding
from promptda_ros.rig.clock_offset import ClockOffset
from promptda_ros.rig.coverage import TIMES
from promptda_ros.rig.edge_shift import EdgeShift
from promptda_ros.rig.report import RigReport
from promptda_ros.rig.sight import Unmeasured
from promptda_ros.rig.surface import Surface

NAME, COLUMN = 12, 14


@dataclass(frozen=True)
class Verdict:
    """Whether the expected distance was found."""

    is_within: bool
    words: str


def rows_of(report: RigReport) -> Iterator[tuple[str, str, str]]:
    """Yield what is measured of a surface: its name, of the sensor, of the published depth."""
    sensor, ours = report.sensor, report.ours
    biases = report.sensor_bias_m, report.bias_m
    yield 'distance', *_both(sensor, ours, lambda each: f'{each.distance_m:.4f} m')
    if report.expect_m is not None:
        known = ['-' if bias_m is None else f'{bias_m * 1e3:+.1f} mm' for bias_m in biases]
        yield 'bias', known[0], known[1]
    yield 'tilt', *_both(sensor, ours, lambda each: f'{each.tilt_deg:.1f} deg')
    yield 'plane fit', *_both(sensor, ours, lambda each: _mm(each.plane_fit_m))
    yield 'shape', *_both(sensor, ours, lambda each: _mm(each.shape_m))
    yield 'noise', *_both(sensor, ours, lambda each: _mm(each.noise_m))
    yield 'flicker', *_both(sensor, ours, lambda each: _mm(each.flicker_m))
    yield 'on board', *_both(sensor, ours, lambda each: f'{each.share:.0%}')


def facts_of(report: RigReport) -> dict[str, str]:
    """Return what is measured of the rig as a whole, or why it is not."""
    return {
        'registration': _shift(report.shift),
        'clock offset': _offset(report.offset),
        'coverage': _coverage(report.coverage),
    }


def verdict_of(report: RigReport, tolerance_m: float) -> Verdict | None:
    """Return whether every depth is within the tolerance; None: no one distance was expected."""
    if report.expect_m is None or report.moved:
        return None
    biases = {'sensor': report.sensor_bias_m, 'published depth': report.bias_m}
    known = {name: bias_m for name, bias_m in biases.items() if bias_m is not None}
    told = ', '.join(f'{name} {bias_m * 1e3:+.1f} mm' for name, bias_m in known.items())
    is_within = all(abs(bias_m) <= tolerance_m for bias_m in known.values())
    word = 'within' if is_within else 'NOT within'
    allowed = f'{word} {tolerance_m * 1e3:g} mm of the expected {report.expect_m:g} m'
    return Verdict(is_within, f'{allowed}: {told}')


def what_of(report: RigReport) -> str:
    """Say what was looked at."""
    left_out = f', {report.not_flat} left out as not flat' if report.not_flat else ''
    columns, rows = report.size
    moves = 'the camera moved' if report.moved else 'the camera was at rest'
    box = ','.join(map(str, report.box))
    return f'{report.frames} frames{left_out}; box {box} of {columns}x{rows}; {moves}'


def lines_of(report: RigReport, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what people read in a terminal."""
    yield what_of(report)
    yield f'{"":{NAME}}{"sensor":>{COLUMN}}{"published":>{COLUMN}}'
    for name, sensor, ours in rows_of(report):
        yield f'{name:{NAME}}{sensor:>{COLUMN}}{ours:>{COLUMN}}'
    for name, fact in facts_of(report).items():
        yield f'{name:{NAME}}  {fact}'
    for finding in findings:
        yield from finding.lines()


def _both(
    sensor: Surface, ours: Surface | None, told: Callable[[Surface], str]
) -> tuple[str, str]:
    return told(sensor), '-' if ours is None else told(ours)


def _mm(metres: float | None) -> str:
    return '-' if metres is None or metres != metres else f'{metres * 1e3:.2f} mm'


def _shift(shift: EdgeShift | Unmeasured) -> str:
    if isinstance(shift, Unmeasured):
        return f'not measured: {shift.why}'
    return f'depth lies {shift.px:.1f} px off ({shift.where}; error {shift.error_px:.1f} px)'


def _offset(offset: ClockOffset | Unmeasured) -> str:
    if isinstance(offset, Unmeasured):
        return f'not measured: {offset.why}'
    verb = 'later' if offset.sec > 0 else 'earlier'
    return (
        f'depth is stamped {abs(offset.sec) * 1e3:.0f} ms {verb} than the image (error '
        f'{offset.error_sec * 1e3:.0f} ms; correlation {offset.correlation:.2f}, motion '
        f'{offset.motion})'
    )


def _coverage(coverage: float | Unmeasured) -> str:
    if isinstance(coverage, Unmeasured):
        return f'not measured: {coverage.why}'
    return f'{coverage:.1%} of the pixels within {TIMES:g} times their uncertainty'
