# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parts of HTML pages that need no other file and ask no host."""

from __future__ import annotations

import base64
from collections.abc import Mapping
import html

from promptda_ros.core.peer_text import printable

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --page: #fff;
 --panel: #f6f8fa; --bad: #b3261e; --good: #1a6e3c; --measured: #1f6f9f; --filled: #6fb3d6;
 --predicted: #e08a1e; --unknown: #c3cad1 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b1; --line: #3a424b;
 --page: #0f1318; --panel: #181d24; --bad: #ff8a80; --good: #6fd394; --measured: #4aa3d8;
 --filled: #285f80; --predicted: #f0a648; --unknown: #4a535d } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1200px; padding: 1.5em;
 color: var(--ink); background: var(--page) }
h1, p, tbody th, small { overflow-wrap: anywhere }
h1 { font-size: 1.5em; line-height: 1.2; margin: 0 0 .2em } h2 { font-size: 1.15em }
p, summary { color: var(--soft) } summary { cursor: pointer }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5em, 1fr)); gap: 1px;
 background: var(--panel); border: 1px solid var(--line); margin: 1em 0 }
dl div { box-shadow: 0 0 0 1px var(--line); padding: .5em .8em }
dt { color: var(--soft); font-size: .85em } dd { margin: 0; font-size: 1.3em }
dd small { font-size: .65em; color: var(--soft) }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .5em .6em; text-align: right; vertical-align: top }
img { display: block; max-width: 100%; height: auto; background: #808080 }
pre { background: var(--panel); border: 1px solid var(--line); padding: .8em; overflow: auto;
 max-height: 30em; font-size: .85em } small { color: var(--soft) }
"""


def head(title: str, style: str, *, scripts: bool = False) -> str:
    """Return the beginning of a page: what it may load is only what is in it."""
    allowed = "; script-src 'unsafe-inline'" if scripts else ''
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        f"style-src 'unsafe-inline'{allowed}\">\n"
        f'<style>{STYLE}{style}</style></head><body>\n'
    )


def escaped(words: str) -> str:
    """Return text from outside as one harmless line of a page."""
    return html.escape(printable(words))


def webp_image(webp: bytes, alt: str) -> str:
    """Return a picture that is in the page; `alt` is harmless already."""
    encoded = base64.b64encode(webp).decode('ascii')
    return f'<img alt="{alt}" loading="lazy" src="data:image/webp;base64,{encoded}">'


def figure_list(named: Mapping[str, str]) -> str:
    """Return figures beside each other under their names; both are HTML."""
    cells = ''.join(f'<div><dt>{name}</dt><dd>{value}</dd></div>' for name, value in named.items())
    return f'<dl>{cells}</dl>'
