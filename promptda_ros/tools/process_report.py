# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One HTML page about a run of `promptda process`; it asks for no other file and no host."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
import html
import io
import json
from pathlib import Path

from PIL import Image

from promptda_ros.bags.processing.preview import PREVIEW
from promptda_ros.bags.processing.unit import Outcome
from promptda_ros.bags.runs.page import PAGE
from promptda_ros.bags.runs.summary import BagSummary, FAILED, total_of, UP_TO_DATE, worst_first
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.page import escaped, figure_list, webp_image

# Animations beyond this are left beside their recordings, so that hundreds can be looked through.
ANIMATIONS_BYTES = 24_000_000
POSTER_PX, POSTER_QUALITY = 300, 40
STATES = {'done': 'done', UP_TO_DATE: 'up to date', FAILED: 'failed'}
# Heads of the columns, and what they sort by first
COLUMNS = ('recording', 'state', 'images', 'lost', 'pixels', 'frames/s')
# What depth rests on, from best to worst; all else is unknown.
KNOWN_PIXELS = ('measured', 'filled', 'predicted')


def write_report(path: Path, outcomes: Iterable[Outcome]) -> str:
    """Write the page about a run into the folder of its results, and say how large it is."""
    write_page(path, [BagSummary.of(outcome, path.parent) for outcome in outcomes])
    return f'report: {path} ({path.stat().st_size / 1e6:.1f} MB)'


def write_page(path: Path, bags: Sequence[BagSummary]) -> None:
    """Write the page whole or not at all; the worst recordings come first.

    Raises:
        FileError: it can't be written.
    """
    bags = worst_first(bags)
    pictures = _pictures(bags)
    page = PAGE.substitute(
        title=escaped(path.resolve().parent.name),
        time=f'{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC',
        totals=_totals(bags),
        heads=''.join(
            f'<th scope="col"><button type="button">{name}</button></th>' for name in COLUMNS
        ),
        rows='\n'.join(_body(bag, picture) for bag, picture in zip(bags, pictures, strict=True)),
        recipes=_recipes(bags),
        size=_told(pictures),
    )
    with OutputFolder(path.parent, path.name) as unfinished:
        (unfinished / path.name).write_text(page, encoding='utf-8')


def _totals(bags: Sequence[BagSummary]) -> str:
    total, states = total_of(bags), Counter(bag.state for bag in bags)
    told = ', '.join(f'{states[state]} {name}' for state, name in STATES.items() if states[state])
    named = {
        'recordings': f'{len(bags)} <small>{told}</small>',
        'images': _number(total.images),
        'depth images': _number(total.depths),
        'lost': _number(total.lost, total.lost_share),
        'predicted': f'{total.predicted:.1%}',
        'computing': _duration(total.wall_sec),
        'frames/s': f'{total.frames_per_sec:.1f}',
    }
    return figure_list(named)


def _body(bag: BagSummary, picture: str) -> str:
    """Return the rows of one recording: its figures, then its picture and what was said of it."""
    name = f'<th scope="row" data-key="{escaped(bag.name)}">{escaped(bag.name)}</th>'
    speed = f'{bag.frames_per_sec:.1f}' if bag.frames_per_sec else ''
    has_result = bag.state != FAILED
    cells = (
        _cell('', bag.state, STATES[bag.state], kind='state'),
        _cell('images', bag.images, _number(bag.images) if has_result else ''),
        _cell('lost', bag.lost_share, _number(bag.lost, bag.lost_share) if has_result else ''),
        _cell('', bag.predicted, _bar(bag.pixels)),
        _cell('frames/s', bag.frames_per_sec, speed),
    )
    return (
        f'<tbody class="{bag.state}"><tr>{name}{"".join(cells)}</tr><tr>'
        f'<td class="more" colspan="{len(COLUMNS)}"><div>{picture}{_notes(bag)}</div></td></tr>'
        '</tbody>'
    )


def _number(number: int, share: float = 0.0) -> str:
    return f'{number:,}' + (f' <small>{share:.1%}</small>' if number and share else '')


def _cell(label: str, key: object, content: str, *, kind: str = '') -> str:
    label = label if content else ''
    return f'<td class="{kind}" data-label="{label}" data-key="{key}">{content}</td>'


def _bar(pixels: Mapping[str, float]) -> str:
    if not pixels:
        return ''
    told = ', '.join(f'{pixels.get(code, 0.0):.0%} {code}' for code in KNOWN_PIXELS)
    parts = ''.join(
        f'<i class="{code}" style="width:{pixels.get(code, 0.0):.1%}"></i>'
        for code in KNOWN_PIXELS
    )
    predicted = f'{pixels.get("predicted", 0.0):.0%} predicted'
    return f'{predicted}<div class="bar" role="img" aria-label="{told}">{parts}</div>'


def _notes(bag: BagSummary) -> str:
    """Return a list of what went wrong, and why images have no depth."""
    notes = [f'<li class="error">{escaped(bag.error)}</li>'] if bag.error else []
    if any(bag.drops.values()):
        counted = {reason: count for reason, count in bag.drops.items() if count}
        reasons = ', '.join(f'{count:,} {escaped(reason)}' for reason, count in counted.items())
        notes.append(f'<li>no depth: {reasons}</li>')
    notes += [f'<li>{escaped(warning)}</li>' for warning in bag.warnings]
    if bag.tries > 1:
        notes.append(f'<li>done at try {bag.tries}</li>')
    return f'<ul>{"".join(notes)}</ul>' if notes else ''


def _pictures(bags: Sequence[BagSummary]) -> list[str]:
    """Return a still of each recording, which opens its animation while those are few enough."""
    left, pictures = ANIMATIONS_BYTES, []
    for bag in bags:
        left -= len(bag.preview)
        pictures.append(_picture(bag, moves=left >= 0))
    return pictures


def _picture(bag: BagSummary, *, moves: bool) -> str:
    poster = _poster(bag.preview)
    if not poster:
        return ''
    alt = f'Image, sensor depth and depth of {escaped(bag.name)}'
    still = webp_image(poster, alt)
    if not moves:
        return still
    moving = webp_image(bag.preview, f'{alt}, moving')
    return f'<details><summary>{still}<span class="play"></span></summary>{moving}</details>'


def _told(pictures: Sequence[str]) -> str:
    """Say how large the page is, and which animations are not in it."""
    size = f'Pictures in this page: {sum(map(len, pictures)) / 1e6:.1f} MB.'
    left_out = sum(bool(each) and '<details>' not in each for each in pictures)
    if not left_out:
        return size
    return (
        f'{size} Of {left_out} recordings further down only a still is shown; the animation is '
        f'<code>{PREVIEW}</code> beside the result.'
    )


def _poster(preview: bytes) -> bytes:
    """Return the middle frame as a small WebP; nothing if there is no picture to be read."""
    try:
        with Image.open(io.BytesIO(preview), formats=['WEBP']) as picture:
            picture.seek(getattr(picture, 'n_frames', 1) // 2)
            still = picture.convert('RGB')
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return b''
    still.thumbnail((POSTER_PX, 4 * POSTER_PX))
    stream = io.BytesIO()
    still.save(stream, 'WEBP', quality=POSTER_QUALITY)
    return stream.getvalue()


def _recipes(bags: Iterable[BagSummary]) -> str:
    """Return every recipe of the run once, with the weights and how many recordings it is of."""
    counts = Counter((bag.made_by, json.dumps(bag.recipe, indent=2)) for bag in bags if bag.recipe)
    return ''.join(
        f'<p>Made by {escaped(made_by)}.</p><details><summary>Every effective parameter '
        f'({count} recordings)</summary><pre>{html.escape(recipe)}</pre></details>'
        for (made_by, recipe), count in counts.most_common()
    )


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours} h {minutes} min' if hours else f'{minutes} min {seconds} s'
