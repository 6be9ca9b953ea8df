# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a run without its figures: style, explanations and the sorting of the table."""

from __future__ import annotations

from string import Template

from promptda_ros.core.page import head

STYLE = """
.more ul { overflow-wrap: anywhere }
.more summary { list-style: none; font-size: .85em } .more summary::-webkit-details-marker {
 display: none } .play::before { content: "\\25B6  play" }
details[open] .play::before { content: "\\25A0  stop" }
thead th { border-bottom: 2px solid var(--line); padding: 0 }
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
img { width: 300px }
details[open] > img { width: 480px } details[open] summary img { display: none }
.bar { display: flex; height: .7em; min-width: 7em; margin-top: .35em; background: var(--unknown) }
.bar i { display: block } .measured { background: var(--measured) }
.filled { background: var(--filled) } .predicted { background: var(--predicted) }
.unknown { background: var(--unknown) } .key i { display: inline-block; width: .8em; height: .8em }
@media (max-width: 760px) {
 body { padding: 1em } table, tbody, tr, th, td { display: block; text-align: left }
 thead tr { display: flex; flex-wrap: wrap } thead th { border: 0 }
 tbody { padding: .5em 0 .8em .7em }
 tbody th, tbody td { width: auto; padding: .15em .3em } tbody th { font-size: 1.05em }
 tbody tr:first-child { display: flex; flex-wrap: wrap; gap: 0 .8em }
 tbody th { flex: 0 0 100%; box-sizing: border-box }
 td[data-label]::before { content: attr(data-label) " "; color: var(--soft) }
 .bar { width: 12em } }
"""
BODY = """<h1>$title</h1>
<p>Written by <code>promptda process --report</code> on $time.</p>
$totals
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
"""
PAGE = Template(head('promptda process: $title', STYLE, scripts=True) + BODY)
