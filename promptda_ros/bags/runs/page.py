# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a run without its figures: style, explanations and the sorting of the table."""

from __future__ import annotations

from string import Template

PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>promptda process: $title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;
 style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --page: #fff;
 --panel: #f6f8fa; --bad: #b3261e; --good: #1a6e3c; --measured: #1f6f9f; --filled: #6fb3d6;
 --predicted: #e08a1e; --unknown: #c3cad1 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9da7b1; --line: #3a424b;
 --page: #0f1318; --panel: #181d24; --bad: #ff8a80; --good: #6fd394; --measured: #4aa3d8;
 --filled: #285f80; --predicted: #f0a648; --unknown: #4a535d } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 1200px; padding: 1.5em;
 color: var(--ink); background: var(--page) }
h1, p, tbody th, .more ul, small { overflow-wrap: anywhere }
h1 { font-size: 1.5em; line-height: 1.2; margin: 0 0 .2em } h2 { font-size: 1.15em }
p, summary { color: var(--soft) } summary { cursor: pointer }
.more summary { list-style: none; font-size: .85em } .more summary::-webkit-details-marker {
 display: none } .play::before { content: "\\25B6  play" }
details[open] .play::before { content: "\\25A0  stop" }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5em, 1fr)); gap: 1px;
 background: var(--panel); border: 1px solid var(--line); margin: 1em 0 }
dl div { box-shadow: 0 0 0 1px var(--line); padding: .5em .8em }
dt { color: var(--soft); font-size: .85em } dd { margin: 0; font-size: 1.3em }
dd small { font-size: .65em; color: var(--soft) }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
thead th { border-bottom: 2px solid var(--line); padding: 0 }
th, td { padding: .5em .6em; text-align: right; vertical-align: top }
th:nth-child(-n+2), td:nth-child(2), td.more { text-align: left }
th button { all: unset; cursor: pointer; padding: .5em .6em; font-size: .9em; color: var(--soft) }
th button:focus-visible, summary:focus-visible { outline: 2px solid var(--measured) }
th[aria-sort=ascending] button::after { content: " \\2191" }
th[aria-sort=descending] button::after { content: " \\2193" }
tbody { border-bottom: 1px solid var(--line) } tbody th { width: 30% }
tbody.failed { box-shadow: inset 4px 0 var(--bad) } .failed .state, .error { color: var(--bad) }
.more > div { display: flex; flex-wrap: wrap; gap: .5em 1.2em } .more { padding-top: 0 }
.more ul { flex: 1 1 18em; margin: 0; padding-left: 1.2em; font-size: .92em; color: var(--soft) }
.more ul .error { color: var(--bad) }
img { display: block; width: 300px; max-width: 100%; height: auto; background: #808080 }
details[open] > img { width: 480px } details[open] summary img { display: none }
.bar { display: flex; height: .7em; min-width: 7em; margin-top: .35em; background: var(--unknown) }
.bar i { display: block } .measured { background: var(--measured) }
.filled { background: var(--filled) } .predicted { background: var(--predicted) }
.unknown { background: var(--unknown) } .key i { display: inline-block; width: .8em; height: .8em }
pre { background: var(--panel); border: 1px solid var(--line); padding: .8em; overflow: auto;
 max-height: 30em; font-size: .85em } small { color: var(--soft) }
@media (max-width: 760px) {
 body { padding: 1em } table, tbody, tr, th, td { display: block; text-align: left }
 thead tr { display: flex; flex-wrap: wrap } thead th { border: 0 }
 tbody { padding: .5em 0 .8em .7em }
 tbody th, tbody td { width: auto; padding: .15em .3em } tbody th { font-size: 1.05em }
 tbody tr:first-child { display: flex; flex-wrap: wrap; gap: 0 .8em }
 tbody th { flex: 0 0 100%; box-sizing: border-box }
 td[data-label]::before { content: attr(data-label) " "; color: var(--soft) }
 .bar { width: 12em } }
</style></head><body>
<h1>$title</h1>
<p>Written by <code>promptda process --report</code> on $time.</p>
<dl>$totals</dl>
<p class="key">Pixels, of the frames that are shown: <i class="measured"></i> measured,
<i class="filled"></i> filled from the measurements around,
<i class="predicted"></i> predicted, no measurement confirms them, <i class="unknown"></i> unknown.
Lost: images without depth, apart from those that options left out. Pictures: image, sensor depth,
our depth; red is near, blue is far, black is unknown.</p>
<table><caption hidden>Recordings, the worst first</caption><thead><tr>$heads</tr></thead>
$rows</table>
<h2>Recipe</h2>$recipes
<p>$size</p>
<script>
const table = document.querySelector('table'), heads = [...table.tHead.rows[0].cells]
heads.forEach((head, column) => head.firstChild.onclick = () => {
  const is = head.getAttribute('aria-sort'), down = is ? is !== 'descending' : column > 0
  heads.forEach(other => other.removeAttribute('aria-sort'))
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
  const key = body => body.rows[0].cells[column].dataset.key
  const compare = (a, b) => key(a) - key(b) || key(a).localeCompare(key(b))
  table.append(...[...table.tBodies].sort((a, b) => (down ? -1 : 1) * compare(a, b)))
})
</script>
</body></html>
""")
