# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page about a run: in one file, harmless whatever recordings are called, worst first."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
import io
import re

import numpy as np
from PIL import Image
import pytest

from promptda_ros.bags.processing.preview import Preview
from promptda_ros.bags.processing.unit import Outcome
from promptda_ros.bags.runs.summary import BagSummary
from promptda_ros.core.errors import FileError
from promptda_ros.tools import process_report
from promptda_ros.tools.process_report import write_page, write_report

EVIL = '<script>alert(1)</script>"\'&\n\udcff'
# Attributes and texts that would make a browser ask for something
FETCHING = ('src', 'href', 'srcset', 'poster', 'data', 'action', 'background', 'ping')


class Page(HTMLParser):
    """What a browser would find on the page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def pictures(self):
        """Return (frames, brightest difference within the picture) of each image."""
        sources = [value for tag, name, value in self.attributes if (tag, name) == ('img', 'src')]
        return [measured(base64.b64decode(each.partition(',')[2])) for each in sources]


def measured(picture):
    with Image.open(io.BytesIO(picture)) as image:
        return image.n_frames, int(np.ptp(np.asarray(image.convert('L'))))


@pytest.fixture(scope='module')
def preview(tmp_path_factory):
    """Return an animation of three frames."""
    path = tmp_path_factory.mktemp('preview') / 'preview.webp'
    strip = Preview({'': 3})
    depth_m = np.linspace(0.5, 2.0, 64, dtype=np.float32)[None].repeat(48, 0)
    for number in range(3):
        image = np.full((48, 64, 3), 90 * number, np.uint8)
        strip.add('', number, image=image, sensor_depth_m=depth_m, depth_m=depth_m)
    strip.save(path)
    return path.read_bytes()


def page_of(folder, *bags):
    write_page(folder / 'report.html', bags)
    return Page((folder / 'report.html').read_text(encoding='utf-8'))


def done(name, preview=b'', **more):
    return BagSummary(name, 'done', depths=9, preview=preview, wall_sec=2.0, **more)


def test_the_page_asks_for_nothing_outside_itself(tmp_path, preview):
    page = page_of(tmp_path, done('run', preview))

    fetched = [value for _, name, value in page.attributes if name in FETCHING]
    assert fetched
    assert all(value.startswith('data:image/webp;base64,') for value in fetched)
    assert not {'link', 'iframe', 'object', 'embed', 'base', 'form', 'a'} & set(page.tags)
    text = re.sub(r'base64,[\w+/=]*', '', (tmp_path / 'report.html').read_text())
    assert not re.search(r'https?:|//\w|url\(|@import|fetch\(|XMLHttp', text)
    policies = [
        value for _, _, value in page.attributes if value and "default-src 'none'" in value
    ]
    assert len(policies) == 1  # what is forgotten here a browser refuses
    assert [*tmp_path.iterdir()] == [tmp_path / 'report.html']


def test_a_still_and_an_animation_show_something(tmp_path, preview):
    (_, still), (frames, moving) = page_of(tmp_path, done('run', preview)).pictures
    assert frames == 3
    assert min(still, moving) > 50


def test_nothing_from_outside_becomes_markup(tmp_path):
    clean = page_of(tmp_path, done('a', warnings=('w',), drops={'late': 1}, recipe={'a': 'b'}))
    bag = done(EVIL, warnings=(EVIL,), drops={EVIL: 1}, recipe={EVIL: EVIL}, made_by=EVIL)
    failed = BagSummary(EVIL, 'failed', error=EVIL)

    page = page_of(tmp_path, bag)
    both = page_of(tmp_path, bag, failed)

    assert page.tags == clean.tags
    assert both.tags.count('script') == 1
    shown = ''.join(both.texts)
    assert shown.count('<script>alert(1)</script>"\'&\\n\\udcff') >= 5


def test_the_worst_recordings_come_first(tmp_path):
    bags = [
        done('good', pixels={'measured': 1.0}),
        done('guessed', pixels={'measured': 0.2, 'predicted': 0.8}),
        BagSummary('lost', 'done', depths=1, drops={'late': 9}),
        BagSummary('broken', 'failed', error='broken.mcap is empty'),
    ]
    page = page_of(tmp_path, *bags)

    names = [value for tag, name, value in page.attributes if (tag, name) == ('th', 'data-key')]
    assert names == ['broken', 'lost', 'guessed', 'good']


def test_a_failed_recording_is_told_with_its_sentence(tmp_path):
    sentence = 'broken.mcap is cut off: run `mcap recover broken.mcap`'
    page = page_of(tmp_path, done('good'), BagSummary('broken', 'failed', error=sentence))

    assert sentence in page.texts
    assert 'failed' in page.texts
    assert '1 done, 1 failed' in page.texts


def test_figures_drops_tries_and_weights_are_told(tmp_path):
    bag = BagSummary(
        'run',
        'up_to_date',
        depths=1111,
        drops={'unpaired': 0, 'contradicts_sensor': 123, 'every': 9},
        pixels={'measured': 0.25, 'filled': 0.25, 'predicted': 0.5},
        wall_sec=100.0,
        tries=2,
        made_by='promptda-tiny, sha256 abc',
        recipe={'prefix': '/promptda'},
    )
    texts = page_of(tmp_path, bag).texts

    for told in (
        'up to date',
        '1,234',
        '10.0%',
        '11.1',
        '50% predicted',
        'no depth: 123 contradicts_sensor, 9 every',
        'done at try 2',
        'Made by promptda-tiny, sha256 abc.',
    ):
        assert told in texts


def test_every_picture_and_bar_has_a_text(tmp_path, preview):
    page = page_of(tmp_path, done('run', preview, pixels={'measured': 1.0}))

    images = [value for tag, name, value in page.attributes if (tag, name) == ('img', 'alt')]
    assert len(images) == page.tags.count('img') == 2
    assert all('run' in alt for alt in images)
    assert ('div', 'aria-label', '100% measured, 0% filled, 0% predicted') in page.attributes


def test_hundreds_of_recordings_have_stills_and_the_worst_their_animations(
    tmp_path, preview, monkeypatch
):
    monkeypatch.setattr(process_report, 'ANIMATIONS_BYTES', 5 * len(preview))
    page = page_of(tmp_path, *(done(f'run{number:03}', preview) for number in range(40)))

    assert page.tags.count('tbody') == 40
    assert page.tags.count('img') == 45
    assert 'Of 35 recordings further down only a still is shown' in ''.join(page.texts)


@pytest.mark.parametrize('damaged', [b'', b'RIFF', b'<svg onload="alert(1)"/>'])
def test_a_preview_that_is_no_picture_is_left_out(tmp_path, preview, damaged):
    page = page_of(tmp_path, done('run', damaged), done('cut', preview[: len(preview) // 8]))
    assert 'img' not in page.tags


def test_a_run_without_recordings_has_a_page(tmp_path):
    assert 'tbody' not in page_of(tmp_path / 'new').tags


def test_a_page_that_can_not_be_written_is_one_sentence(tmp_path):
    (tmp_path / 'report.html').mkdir()
    with pytest.raises(FileError, match=r'report\.html cannot be written'):
        page_of(tmp_path, done('run'))


def test_where_the_page_lies_and_how_large_it_is_are_told(tmp_path):
    outcome = Outcome(str(tmp_path / 'run.mcap'), str(tmp_path / 'run'), 'failed', error='empty')
    told = write_report(tmp_path / 'report.html', [outcome])
    assert told == f'report: {tmp_path / "report.html"} (0.0 MB)'
    assert 'empty' in (tmp_path / 'report.html').read_text()
