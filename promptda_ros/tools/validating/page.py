# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One HTML page about a rig; its pictures are inside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.page import escaped, figure_list, head, webp_image
from promptda_ros.doctor.finding import Finding
from promptda_ros.rig.report import RigReport
from promptda_ros.tools.validating.pictures import chart_of, pictures_of
from promptda_ros.tools.validating.words import facts_of, rows_of, Verdict, what_of

STYLE = """
table { max-width: 34em } tr { border-bottom: 1px solid var(--line) }
th:first-child { text-align: left; font-weight: normal }
.pictures { display: flex; flex-wrap: wrap; gap: 1em } figure { margin: 0; flex: 0 1 330px }
figcaption { color: var(--soft); font-size: .85em } figure img { width: 100% }
.verdict { font-size: 1.2em; padding: .4em .8em; border-left: 4px solid var(--good);
 background: var(--panel); color: var(--ink) }
.verdict.off { border-color: var(--bad) }
.finding { border-left: 4px solid var(--bad); padding-left: .8em; margin: 1em 0 }
.finding.warning { border-color: var(--predicted) } .finding p { margin: .2em 0 }
.finding p:first-child { color: var(--ink); font-weight: 600 }
dd small { display: block }
svg { width: 100%; max-width: 760px; background: var(--panel); border: 1px solid var(--line) }
polyline { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke }
polyline.sensor { stroke: var(--measured) } polyline.published { stroke: var(--predicted) }
line.expected { stroke: var(--good); stroke-dasharray: 6 4 }
.key i { display: inline-block; width: .8em; height: .8em } .key .sensor {
 background: var(--measured) } .key .published { background: var(--predicted) }
.key .expected { background: var(--good) }
"""
MEANINGS = """<p>Distance: square to the board. Plane fit: RMS distance of the pixels of a frame
from a plane. Shape: the part of it that lasts. Noise: the part that changes from frame to frame.
Flicker: deviation over time of a pixel while the camera is at rest. On board: share of the pixels
that show the board; the others have no depth or that of another surface, and are left out.
docs/validate.md explains each figure.</p>"""


def write_page(
    path: Path,
    source: str,
    report: RigReport,
    findings: Sequence[Finding],
    verdict: Verdict | None,
) -> None:
    """Write the page whole or not at all.

    Raises:
        FileError: it can't be written.
    """
    page = ''.join(
        (
            head(f'promptda validate: {escaped(source)}', STYLE),
            f'<h1>{escaped(source)}</h1><p>Written by <code>promptda validate</code> on '
            f'{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC. {escaped(what_of(report))}.</p>',
            _verdict(verdict),
            figure_list(_figures(report)),
            '<h2>Findings</h2>',
            *(_finding(each) for each in findings),
            '' if findings else '<p>Nothing to fix in what could be measured.</p>',
            _facts(report),
            f'<h2>Surface</h2>{_table(report)}{MEANINGS}',
            f'<h2>Distance of the board</h2>{_chart(report)}',
            f'<h2>Pictures</h2><div class="pictures">{_pictures(report)}</div>',
            '</body></html>\n',
        )
    )
    with OutputFolder(path.parent, path.name) as unfinished:
        (unfinished / path.name).write_text(page, encoding='utf-8')


def _verdict(verdict: Verdict | None) -> str:
    if verdict is None:
        return ''
    state = '' if verdict.is_within else ' off'
    return f'<p class="verdict{state}">{escaped(verdict.words)}</p>'


def _figures(report: RigReport) -> dict[str, str]:
    """Return the figures of the published depth, with those of the sensor beside them."""
    has_ours = report.ours is not None
    return {
        name: f'{ours} <small>sensor {sensor}</small>' if has_ours else sensor
        for name, sensor, ours in rows_of(report)
        if name in ('distance', 'bias', 'plane fit', 'noise', 'flicker')
    }


def _finding(finding: Finding) -> str:
    return (
        f'<div class="finding {finding.level}"><p>{escaped(finding.what)}</p>'
        f'<p>Why: {escaped(finding.why)}</p><p>Fix: {escaped(finding.fix)}</p></div>'
    )


def _facts(report: RigReport) -> str:
    rows = ''.join(
        f'<p><b>{name}</b>: {escaped(fact)}</p>' for name, fact in facts_of(report).items()
    )
    return f'<h2>Rig</h2>{rows}'


def _table(report: RigReport) -> str:
    rows = ''.join(
        f'<tr><th scope="row">{name}</th><td>{sensor}</td><td>{ours}</td></tr>'
        for name, sensor, ours in rows_of(report)
    )
    return f'<table><tr><th></th><td>sensor</td><td>published</td></tr>{rows}</table>'


def _chart(report: RigReport) -> str:
    shown = report.shown
    lines = {'sensor': shown.sensor_distances_m, 'published': shown.distances_m}
    drawn = {name: line for name, line in lines.items() if line}
    key = [*drawn, *(['expected'] if report.expect_m is not None else [])]
    told = ' '.join(f'<i class="{name}"></i> {name}' for name in key)
    return f'{chart_of(drawn, report.expect_m)}<p class="key">{told}</p>'


def _pictures(report: RigReport) -> str:
    return ''.join(
        f'<figure>{webp_image(webp, escaped(caption))}'
        f'<figcaption>{escaped(caption)}</figcaption></figure>'
        for caption, webp in pictures_of(report).items()
    )
