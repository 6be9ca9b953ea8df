# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The files that a repository is judged by agree with one another and with what CI runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
import re
import subprocess
import sys

import pytest
import yaml

import promptda_ros
from promptda_ros.core.settings import describe

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for pattern in ('*.md', 'docs/**/*.md', 'models/**/*.md')
    for path in REPOSITORY.glob(pattern)
)
DECISIONS = sorted((REPOSITORY / 'docs' / 'decisions').glob('[0-9]*.md'))
TEMPLATES = sorted((REPOSITORY / '.github/ISSUE_TEMPLATE').glob('*.yml'))
# They stand in the places of torch and of Triton's interpreter.
STAND_INS = ('test/fake_cuda.py', 'test/core/fused/conftest.py')
SOURCES = ('.cff', '.py', '.sh', '.toml', '.xml', '.yaml', '.yml')


def made_by(path: str) -> set[str]:
    """Return the targets of make that a script or a configuration starts."""
    return set(re.findall(r'^ *(?:entry: )?make (\w+)$', (REPOSITORY / path).read_text(), re.M))


def test_hooks_check_what_ci_checks():
    """Under other names only: `make lint` is its prerequisites, one hook each."""
    makefile = (REPOSITORY / 'Makefile').read_text()
    parts = re.search(r'^lint: (.+)$', makefile, re.MULTILINE)[1].split()

    ci = made_by('.ci/run')

    assert ci == {'lint', 'test'}
    assert made_by('.pre-commit-config.yaml') == ci - {'lint'} | set(parts)


def test_every_hook_runs_on_the_whole_checkout_and_is_installed():
    configured = yaml.safe_load((REPOSITORY / '.pre-commit-config.yaml').read_text())
    (source,) = configured['repos']

    assert source['repo'] == 'local'  # nothing that a robot's network can't reach
    for hook in source['hooks']:
        assert hook['language'] == 'system'
        assert hook['pass_filenames'] is False
        assert set(hook['stages']) <= set(configured['default_install_hook_types'])


def test_the_citation_is_of_this_version_and_names_the_paper():
    citation = yaml.safe_load((REPOSITORY / 'CITATION.cff').read_text())
    changelog = (REPOSITORY / 'CHANGELOG.rst').read_text()

    assert {'cff-version', 'message', 'title', 'authors'} <= set(citation)  # all that must be
    assert citation['cff-version'] == '1.2.0'
    assert citation['title'] == 'promptda_ros'
    assert citation['license'] == 'Apache-2.0'
    assert citation['version'] == promptda_ros.__version__
    assert f'{citation["version"]} ({citation["date-released"]})\n---' in changelog
    (paper,) = citation['references']
    assert paper['title'].startswith('Prompting Depth Anything')
    assert paper['type'] == 'conference-paper'
    assert paper['year'] == 2025
    assert {*paper['authors'][0]} == {'given-names', 'family-names'}
    assert paper['authors'][0]['family-names'] == 'Lin'


@pytest.mark.parametrize('path', TEMPLATES, ids=lambda path: path.stem)
def test_an_issue_form_is_one(path):
    form = yaml.safe_load(path.read_text())
    if path.stem == 'config':
        assert form == {'blank_issues_enabled': False}
        return

    assert {'name', 'description', 'body'} <= set(form)
    fields = [field for field in form['body'] if field['type'] != 'markdown']
    assert all(field['attributes']['label'] for field in fields)
    assert len({field['id'] for field in fields}) == len(fields)
    assert any(field.get('validations', {}).get('required') for field in fields)


def test_a_bug_report_asks_for_what_the_node_tells_of_itself():
    (path,) = [path for path in TEMPLATES if path.stem == 'bug_report']
    form = path.read_text()

    for asked in ('/diagnostics', 'ros2 param dump', 'promptda_tracebacks.txt', 'exit code'):
        assert asked in form


def test_every_source_states_its_copyright_and_licence():
    listed = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip('not a checkout')
    names = [name for name in listed.stdout.split('\0') if name.endswith(SOURCES)]

    heads = {name: (REPOSITORY / name).read_text()[:400] for name in names}

    assert len(heads) > 300
    bare = {
        name
        for name, head in heads.items()
        if 'SPDX-FileCopyrightText: ' not in head or 'SPDX-License-Identifier: ' not in head
    }
    assert bare == set()


def names_taken(tree: ast.AST) -> Iterator[str]:
    """Return what is imported from the package, and by name got or set of anything."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or '').startswith('promptda_ros'):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ('getattr', 'setattr')
        ):
            if node.args and ast.unparse(node.args[0]).split('.')[0] == 'torch':
                continue  # its names are not ours
            words = (each.value for each in node.args if isinstance(each, ast.Constant))
            yield from (each.rpartition('.')[2] for each in words if isinstance(each, str))


def test_private_names_of_ours_are_neither_imported_nor_patched():
    """SLF001 of ruff refuses private attributes; this is of names in imports and in strings."""
    for path in sorted([*REPOSITORY.glob('test/**/*.py'), *REPOSITORY.glob('benchmarks/**/*.py')]):
        if path.relative_to(REPOSITORY).as_posix() in STAND_INS:
            continue
        names = [*names_taken(ast.parse(path.read_text()))]
        assert not [name for name in names if re.fullmatch(r'_[a-z]\w*', name)], path


def test_every_setting_has_a_test_that_fails_where_it_is_ignored():
    """A test is marked with what it sets, and run here with that at its default all the same."""
    texts = {path: path.read_text() for path in (REPOSITORY / 'test').rglob('test_*.py')}
    mark = re.compile(r'^@pytest\.mark\.setting\(([^)]+)\)', re.MULTILINE)
    marks = ' '.join(each for text in texts.values() for each in mark.findall(text))
    assert set(re.findall(r"'([\w.]+)'", marks)) == {setting.name for setting in describe()}

    files = [str(path) for path, text in texts.items() if mark.search(text)]
    words = ['-q', '-m', 'setting', '--ignore-settings', '-p', 'no:cacheprovider', *files]
    proof = subprocess.run(
        [sys.executable, '-m', 'pytest', *words], cwd=REPOSITORY, capture_output=True, text=True
    )

    assert proof.returncode == 0, proof.stdout[-3000:]


def links_of(page: Path) -> list[tuple[str, str]]:
    """Return the target and the anchor of every link of a page that stays in the checkout."""
    return re.findall(
        r'\]\((?!https?:|\.\./\.\./actions/)([^)#\s]*)#?([^)\s]*)\)', page.read_text()
    )


def anchors_of(page: Path) -> set[str]:
    """Return what a link may name behind '#': headings, in lower case and joined by dashes."""
    headings = re.findall(r'^#+ (.+)$', page.read_text(), re.MULTILINE)
    return {re.sub(r'[^\w -]', '', each).strip().lower().replace(' ', '-') for each in headings}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_of_a_page_leads_somewhere(page):
    for target, anchor in links_of(page):
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), target
        if anchor:
            assert anchor in anchors_of(place), f'{target}#{anchor}'


def test_links_lead_from_readme_to_every_page():
    found, left = set(), [REPOSITORY / 'README.md']
    while left:
        page = left.pop()
        page = page / 'README.md' if page.is_dir() else page
        if page in PAGES and page not in found:
            found.add(page)
            left += [(page.parent / target).resolve() for target, _ in links_of(page) if target]

    assert set(PAGES) == found


@pytest.mark.parametrize(
    'page', [REPOSITORY / 'docs' / 'architecture.md', *DECISIONS], ids=lambda page: page.stem
)
def test_every_file_that_the_tour_or_a_decision_names_exists(page):
    named = re.findall(r'`([\w./]+(?:\.(?:py|xml|sh)|/))`', page.read_text())
    roots = (REPOSITORY, REPOSITORY / 'promptda_ros')
    assert not {name for name in named if not any((root / name).exists() for root in roots)}


def test_every_name_that_the_tour_shows_in_a_file_is_defined_there():
    page = (REPOSITORY / 'docs' / 'architecture.md').read_text()
    shown = re.findall(r'`([\w/]+\.py)` \(((?:`\w+`(?:, )?)+)\)', page)
    assert len(shown) > 5
    for path, names in shown:
        source = (REPOSITORY / 'promptda_ros' / path).read_text()
        for name in re.findall(r'\w+', names):
            assert re.search(rf'^\s*(?:def |class |){name}\b(?= =|\(|:)', source, re.MULTILINE), (
                name
            )


@pytest.mark.parametrize('page', DECISIONS, ids=lambda page: page.stem)
def test_a_decision_is_a_short_dated_record_in_the_index(page):
    title, _, status, *lines = page.read_text().splitlines()
    index = (page.parent / 'README.md').read_text()
    number, _, decision = title.removeprefix('# ').partition(' ')

    assert page.name.startswith(f'{number}-')
    assert f'| [{number}]({page.name}) | {decision} | {status[:10]} |' in index
    assert re.fullmatch(r'\d{4}-\d\d-\d\d, (accepted|superseded)\b.*', status)
    parts = [line.split('**')[1] for line in lines if line.startswith('**')]
    assert parts == ['Context.', 'Decision.', 'Consequences.']
    assert len(lines) < 27


def test_the_quality_declaration_claims_a_level_and_readme_links_it():
    declaration = (REPOSITORY / 'QUALITY_DECLARATION.md').read_text()

    (level,) = re.findall(r'\*\*Quality Level (\d)\*\*', declaration)

    # REP 2004 asks for a stable version from level 3 on.
    is_stable = int(promptda_ros.__version__.partition('.')[0]) >= 1
    assert int(level) >= (1 if is_stable else 4)
    readme = (REPOSITORY / 'README.md').read_text()
    for page in ('QUALITY_DECLARATION.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CITATION.cff'):
        assert f']({page})' in readme


def test_readme_shows_what_a_newcomer_runs_within_its_lines():
    readme = (REPOSITORY / 'README.md').read_text()
    sections = dict(each.split('\n', 1) for each in readme.split('\n## ')[1:])

    _, block, _ = sections['Try it without a robot, ROS or a GPU'].split('```', 2)
    seen = f'## See it, and know why\n{sections["See it, and know why"]}'.rstrip('\n')

    assert {'make demo', 'make test'} <= {
        line.partition('#')[0].strip() for line in block.splitlines()
    }
    assert all(f'promptda {each} ' in seen for each in ('view', 'doctor', 'validate'))
    assert len(seen.splitlines()) <= 12
    assert len(readme.splitlines()) <= 110
