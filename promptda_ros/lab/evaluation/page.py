# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One HTML page that shows a run to people; its pictures are inside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
import html
from pathlib import Path
from string import Template

import numpy as np

from promptda_ros.lab.evaluation.curves import save_hole_curves, save_range_curves
from promptda_ros.lab.evaluation.report import EvaluationReport, versions
from promptda_ros.lab.evaluation.run import JudgedFrame
from promptda_ros.lab.evaluation.table import error_tables, flicker_table
from promptda_ros.lab.figure import depth_panels, error_panels, save_figure

PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>promptda evaluate: $source</title><style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1300px; padding: 0 1em }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { padding: 2px 7px; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
div { overflow-x: auto } img { max-width: 100% }
</style></head><body>
<h1>promptda evaluate: $source</h1>
<p>$models. Networks at resolution $resolution, seed $seed. $versions.</p>
<p>Millimetres; $averaging. MAE and RMSE are over all pixels with ground truth; where a method
returns no depth, the value of bilinear is used. Coverage: share of the pixels for which the method
returns depth. MAE covered: over these pixels only. Edge: within 3&nbsp;px of a step over 3&nbsp;%.
Flying: share of that band between two surfaces. Where correct: median error where bilinear is
within 0.5&nbsp;% of the truth; (bilinear): that of bilinear there. Saturated: share of the
returned depth at the minimum or maximum of the sensor depth.</p>
$tables
<h2>Error against the share of missing measurements</h2>$holes
<h2>Error against range</h2>$ranges
<h2>Flicker on static video</h2>$flicker
<h2>The worst frames</h2>$worst
</body></html>
""")


def write_page(path: Path, report: EvaluationReport, worst: Sequence[JudgedFrame]) -> None:
    """Write the page, and its pictures once more beside it in pictures/."""
    pictures = path.parent / 'pictures'
    pictures.mkdir(parents=True, exist_ok=True)
    save_hole_curves(pictures / 'holes.png', report.rows)
    save_range_curves(pictures / 'ranges.png', report.rows)
    tables = error_tables(report.rows, report.missing)
    described = ', '.join(f'{name} {version}' for name, version in versions().items())
    page = PAGE.substitute(
        source=html.escape(report.source),
        models=html.escape('; '.join(_describe(model) for model in report.models) or 'No network'),
        resolution=html.escape(report.resolution),
        seed=report.seed,
        versions=html.escape(described),
        averaging=report.averaging,
        tables='\n'.join(f'<h2>{html.escape(title)}</h2>{_table(each)}' for title, each in tables),
        holes=_picture(pictures / 'holes.png'),
        ranges=_picture(pictures / 'ranges.png'),
        flicker=_table(flicker_table(report.flickers)) if report.flickers else '<p>Not asked.</p>',
        worst='\n'.join(_picture(_draw(pictures, answer)) for answer in worst),
    )
    path.write_text(page, encoding='utf-8')


def _describe(model: dict[str, str]) -> str:
    return f'{model["model.name"]} ({model["model.sha256"][:12]}) on {model["device"]}'


def _draw(folder: Path, answer: JudgedFrame) -> Path:
    sample, score = answer.sample, answer.score
    path = folder / f'worst_{sample.sensor}_{sample.name}.png'
    error_m = np.abs(answer.depth_m - sample.truth_m)
    panels = depth_panels(
        ('sensor', sample.sensor_depth_m),
        ('bilinear', answer.bilinear_m),
        (score.method, answer.depth_m),
        ('truth', sample.truth_m),
    ) + error_panels((f'|{score.method} - truth|', error_m))
    mae_mm = score.errors.mae_m * 1e3
    title = f'{sample.sensor} {sample.name}: MAE {mae_mm:.1f} mm'
    save_figure(path, sample.image, panels, title=title)
    return path


def _table(lines: Sequence[Sequence[str]]) -> str:
    header, *body = lines
    rows = ''.join(_row(line, width=len(header)) for line in body)
    heads = ''.join(f'<th>{html.escape(cell)}</th>' for cell in header)
    return f'<div><table><tr>{heads}</tr>{rows}</table></div>'


def _row(line: Sequence[str], *, width: int) -> str:
    first, *others = line
    if len(line) != width:
        remark = html.escape(' '.join(others))
        return (
            f'<tr><td>{html.escape(first)}</td>'
            f'<td colspan="{width - 1}" style="text-align: left">{remark}</td></tr>'
        )
    return f'<tr>{"".join(f"<td>{html.escape(cell)}</td>" for cell in line)}</tr>'


def _picture(path: Path) -> str:
    encoded = base64.b64encode(path.read_bytes()).decode('ascii')
    return f'<img alt="{html.escape(path.stem)}" src="data:image/png;base64,{encoded}">'
