# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: it shows what the messages hold, and talks to nobody else."""

from __future__ import annotations

import base64
from itertools import product
import json
import re
import time
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from promptda_ros.bags.bag import open_bag
from promptda_ros.bags.processing.process import process_unit
from promptda_ros.bags.processing.recipe import Recipe
from promptda_ros.bags.processing.unit import Unit
from promptda_ros.bags.processing.warnings import Warnings
from promptda_ros.bags.processing.work import Work
from promptda_ros.core.restore.trust import Validity
from promptda_ros.messages.encodings import read_depth
from promptda_ros.messages.stamps import stamp_ns_of
from promptda_ros.model import load_model
from promptda_ros.view.moment import LAYERS, UNCERTAINTY
from promptda_ros.view.probe import WORDS
from promptda_ros.view.recorded.opening import open_recording
from promptda_ros.view.tiles import NAMES
from test.view.conftest import wait_until
from test.view.scenes import StillSource, wall
from test.view.test_live import BASIC

MANY_POINTS = 10_000
SOON_SEC = 0.5  # two frames of the page
MOST_PIXELS = 10_000_000
ROUNDED = 6e-4  # metres, what three decimals leave out
BLANK = 3.0  # grey levels that a picture of one colour varies by at most
ANSWER = "document.querySelector('.pda-answer').innerText"
# Layers that only a click asks for come with the next frame.
COMPLETE = f'/± [0-9.]+, ({"|".join(WORDS.values())})/.test({ANSWER}) && {ANSWER}'
TOLD = re.compile(
    r'(?P<column>\d+), (?P<row>\d+): sensor (?P<sensor>[\d.]+) m, '
    rf'ours (?P<ours>[\d.]+) m ± (?P<uncertainty>[\d.]+), (?P<word>{"|".join(WORDS.values())})'
)


def tile(name):
    """Return the expression for the picture of a tile."""
    return f"document.querySelector('[data-pda-tile={name}] img')"


def picture_of(tab, name):
    """Return the pixels that a tile shows."""
    url = tab.wait_for(f'{tile(name)}?.naturalWidth > 8 && {tile(name)}.src')
    data = np.frombuffer(base64.b64decode(url.partition('base64,')[2]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def box_of(tab, element):
    """Return left, top, width and height of an element."""
    box = json.loads(tab.evaluate(f'JSON.stringify({element}.getBoundingClientRect())'))
    return [box[side] for side in ('left', 'top', 'width', 'height')]


def click_on(tab, name, across, down):
    """Click on a tile at shares of its width and height."""
    left, top, width, height = box_of(tab, tile(name))
    tab.click(left + across * width, top + down * height)


def at(message, pixel):
    """Return the metres at column and row of a depth image."""
    depth_m = read_depth(message, depth_scale=0.0, max_pixels=MOST_PIXELS)
    return float(depth_m[pixel[1], pixel[0]])


def require_pictures_and_points(tab, address):
    """Open the page and demand that it shows everything, from nowhere else."""
    tab.open(address)
    for name in NAMES:
        assert picture_of(tab, name).std() > BLANK, name
    tab.wait_for(f'window.drawnPoints > {MANY_POINTS}')
    hosts = {
        urlsplit(url).netloc for url in tab.requested if not url.startswith(('data:', 'blob:'))
    }
    assert hosts == {urlsplit(address).netloc}
    assert not tab.errors


@pytest.fixture
def processed(copy_demo, network_folder, tmp_path):
    """Return a recording with depth."""
    given = {
        'model.path': str(network_folder),
        'device': 'cpu',
        'engine': 'torch',
        'trust.gate': False,
    }
    recipe = Recipe.of(given, outputs=('mm', 'validity', 'uncertainty'))
    unit = Unit(copy_demo(), tmp_path / 'result', recipe)
    assert not process_unit(unit, load_model(recipe.settings), lambda *_: None).error
    with open_bag(unit.target) as bag:
        yield Work(bag, recipe, Warnings())


def test_a_running_node_is_shown_and_a_click_tells_what_its_messages_hold(
    tab, serve, running_node, live_source, heard
):
    require_pictures_and_points(tab, serve(live_source))
    click_on(tab, 'depth', 0.6, 0.4)
    told = TOLD.search(tab.wait_for(COMPLETE))
    pixel = column, row = int(told['column']), int(told['row'])
    assert pixel == pytest.approx((0.6 * 320, 0.4 * 240), abs=1)
    wait_until(lambda: len(heard) == 3)
    depth_m, uncertainty_m = (
        at(heard[name], pixel) for name in ('depth/image_rect', 'depth/uncertainty')
    )
    assert float(told['ours']) == pytest.approx(depth_m, abs=ROUNDED)
    assert float(told['uncertainty']) == pytest.approx(uncertainty_m, abs=ROUNDED)
    code = Validity(heard['depth/validity'].data[row * 320 + column])
    assert told['word'] == WORDS[code]
    sensor = running_node.rig.sensors.depth(0)
    assert float(told['sensor']) == pytest.approx(at(sensor, (column // 4, row // 4)), abs=ROUNDED)
    tab.open('about:blank')
    wait_until(lambda: running_node.subscribers('depth/validity') == 1)  # the test's own


def test_a_recording_is_shown_and_a_click_tells_what_its_messages_hold(tab, serve, processed):
    source = open_recording(processed)
    source.player.seek(1)
    require_pictures_and_points(tab, serve(source))
    click_on(tab, 'image', 0.12, 0.6)
    told = TOLD.search(tab.wait_for(COMPLETE))
    source.close()
    pixel = int(told['column']), int(told['row'])
    stamp_ns = processed.plan.pairs[1].image_stamp_ns
    for name, value in (
        ('depth/image_mm', told['ours']),
        ('depth/uncertainty', told['uncertainty']),
    ):
        (message,) = (
            one.message
            for one in processed.bag.messages([f'/promptda/{name}'])
            if stamp_ns_of(one.message.header) == stamp_ns
        )
        assert float(value) == pytest.approx(at(message, pixel), abs=ROUNDED)


def test_a_click_in_the_3d_view_tells_what_is_there(tab, serve, processed):
    source = open_recording(processed)
    source.player.seek(0)
    require_pictures_and_points(tab, serve(source))
    left, top, width, height = box_of(tab, "document.querySelector('canvas')")
    before = tab.evaluate(ANSWER)
    for across, down in product((0.3, 0.7, 0.2, 0.8), (0.5, 0.6, 0.4)):
        tab.click(left + across * width, top + down * height)
        time.sleep(SOON_SEC)
        if tab.evaluate(ANSWER) != before:
            break
    source.close()
    assert 'sensor' in tab.evaluate(ANSWER)


def press(tab, label):
    """Press a button, or what has this label."""
    tab.evaluate(
        f"[...document.querySelectorAll('button')].find(one => one.innerText.trim() === '{label}')"
        '.click()'
    )


def tick(tab, label):
    """Press the checkbox behind a label."""
    tab.evaluate(f"""
        [...document.querySelectorAll('label')].find(one => one.innerText.trim() === '{label}')
          .closest('div').parentElement.querySelector('input[type=checkbox]').click()""")


def test_what_users_do_reaches_the_source_and_the_disk(tab, serve, tmp_path):
    source = StillSource(wall())
    tab.open(serve(source))
    picture_of(tab, 'depth')
    status = "document.querySelector('.pda-status').innerText"
    assert '4.0 frames/s' in tab.wait_for(f"{status}.includes('depth <lags> image') && {status}")
    assert source.layers == {*BASIC, UNCERTAINTY}

    tick(tab, 'ruler')
    for across in (0.25, 0.75):
        click_on(tab, 'depth', across, 0.5)
        time.sleep(SOON_SEC)
    assert 'ours 1066.7 mm' in tab.wait_for(f"{ANSWER}.includes('distance') && {ANSWER}")
    wait_until(lambda: source.layers == {*LAYERS})

    press(tab, 'Save PLY and PNG')
    folder = tmp_path / 'saved' / str(source.moment.frame.stamp_ns)
    wait_until(lambda: (folder / 'cloud.ply').exists())

    press(tab, 'Capture')
    tab.wait_for(f"{status}.includes('captured a frame')")
    wait_until(lambda: not source.layers)  # frozen on it
    click_on(tab, 'depth', 0.5, 0.5)
    tab.wait_for(f"{ANSWER}.includes('ours 1.000 m')")


def test_a_slider_asks_the_source_and_goes_back_where_it_is_refused(tab, serve):
    source = StillSource(wall())
    tab.open(serve(source))
    picture_of(tab, 'depth')
    shown = "[...document.querySelectorAll('input')].map(one => one.value)"
    tab.wait_for(f"{shown}.includes('3')")
    numbers = "[...document.querySelectorAll('input')].filter(one => one.type === 'text')"
    tab.evaluate(f"{numbers}.find(one => one.value === '3').select()")
    tab.send('Input.insertText', text='2')
    wait_until(lambda: source.knobs.asked == {'workspace.max_depth': 2.0})
    tab.wait_for("document.querySelector('.pda-status').innerText.includes('is refused')")
    tab.wait_for(f"{shown}.includes('3')")
