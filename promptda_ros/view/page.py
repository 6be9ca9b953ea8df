# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page: asks a source for what is looked at, and draws it, at most five times a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
import queue
import time
from typing import Any

import numpy as np
import viser

from promptda_ros.core.errors import PromptdaError
from promptda_ros.core.settings.setting import Value
from promptda_ros.view.cloud import Cloud, our_cloud, sensor_cloud
from promptda_ros.view.colours import cloud_colours, Scale
from promptda_ros.view.controls import Controls
from promptda_ros.view.knobs import ask_for
from promptda_ros.view.look import Look
from promptda_ros.view.moment import Moment
from promptda_ros.view.probe import Probe, probe, ruler_text
from promptda_ros.view.saving import save
from promptda_ros.view.source import Source
from promptda_ros.view.space import Space
from promptda_ros.view.status import line_of
from promptda_ros.view.tiles import feed_html, host_html, NAMES, tiles_of

PERIOD_SEC = 0.2  # five frames a second at most
PICTURES_WIDTH, CONTROLS_WIDTH = 500, 330  # pixels
ALL_POINTS = 100_000_000
HINT = 'Click on a picture or on a cloud, or type column and row of the image.'


class Page:
    """Everything that browsers show of a source; runs on the thread that calls `run`."""

    def __init__(self, server: viser.ViserServer, source: Source, *, out: Path) -> None:
        self._server = server
        self._source = source
        self._out = out
        self._actions: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._changes: dict[str, Value] = {}
        self._moment: Moment | None = None
        self._scale = Scale()
        self._pixels: list[tuple[int, int]] = []
        self._drawn: tuple[object, ...] = ()
        self._note = ''
        self._values: Mapping[str, Value] = {}
        server.gui.configure_theme(dark_mode=True, show_logo=False, show_share_button=False)
        server.gui.set_panel_label('promptda view')
        self._space = Space(server)
        self._controls = Controls(server.gui, source, self._change)
        self._add_pictures(server.gui)
        server.gui.main_panel.dock_right()
        server.gui.main_panel.set_width(CONTROLS_WIDTH)
        self._listen()

    def run(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Show what comes until it is over."""
        while not is_over():
            begun_sec = time.monotonic()
            self.step()
            self._act(until_sec=begun_sec + PERIOD_SEC)

    def step(self) -> None:
        """Take what is new and draw what changed."""
        look, is_open = self._controls.look(), bool(self._server.get_clients())
        is_frozen = self._controls.frozen.value
        layers = look.layers(probed=bool(self._pixels))
        self._source.want(layers if is_open and not is_frozen else ())
        if not is_open:
            return
        if not is_frozen:
            self._moment = self._source.next_moment() or self._moment
        self._show_state()
        if self._moment is not None:
            self._draw(self._moment, look)

    def _draw(self, moment: Moment, look: Look) -> None:
        drawn = moment, look, tuple(self._pixels)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._scale = self._scale.follow(moment)
        marks = [probe(moment, *pixel) for pixel in self._pixels]
        self._space.draw(moment, look, self._scale, marks)
        for tile in tiles_of(moment, self._scale, trust=look.trust):
            self._feeds[tile.name].content = feed_html(tile, moment.size, marks)
        self._answer.content = _answer_html(marks)
        self._server.flush()

    def _show_state(self) -> None:
        state = self._source.state()
        lines = [line_of(state), f'{self._space.count():,} points shown'.replace(',', ' ')]
        reason = f'<div style="color:#ffb454">{escape(state.reason)}</div>' * bool(state.reason)
        note = f'<div>{escape(self._note)}</div>' * bool(self._note)
        text = ''.join(f'<div>{escape(line)}</div>' for line in lines)
        self._status.content = _small(text + reason + note)
        self._show_knobs(self._source.knobs.values())
        if self._source.player is not None:
            self._controls.follow(self._source.player)

    def _show_knobs(self, values: Mapping[str, Value]) -> None:
        """Follow values that have changed, not those that a user is just moving away from."""
        if values != self._values:
            self._values = values
            self._controls.knobs.show(values)

    def _act(self, *, until_sec: float) -> None:
        """Do what users ask for until it is time for the next frame."""
        while (left_sec := until_sec - time.monotonic()) > 0:
            try:
                self._actions.get(timeout=left_sec)()
            except queue.Empty:
                return
            except PromptdaError as error:
                self._note = str(error)

    def _listen(self) -> None:
        """Let what users do come to the page's own thread."""
        controls, later = self._controls, self._actions.put
        controls.aim.on_click(lambda event: later(lambda: self._aim(event.client)))
        controls.capture.on_click(lambda _: later(self._capture))
        controls.save.on_click(lambda _: later(self._save))
        self._pixel.on_update(self._on_pixel)
        self._server.scene.on_click()(lambda event: later(lambda: self._clicked(event)))
        self._server.on_client_connect(lambda client: later(lambda: self._aim(client)))

    def _on_pixel(self, event: Any) -> None:
        if event.client is not None:  # not by a click in the scene
            self._actions.put(self._typed)

    def _aim(self, client: viser.ClientHandle | None) -> None:
        if self._moment is not None and client is not None:
            self._space.aim(client)

    def _clicked(self, event: Any) -> None:
        pixel = self._space.pixel_on(np.array(event.ray_origin), np.array(event.ray_direction))
        if pixel is not None:
            self._pixel.value = f'{pixel[0]} {pixel[1]}'
            self._choose(pixel)

    def _typed(self) -> None:
        words = self._pixel.value.replace(',', ' ').split()
        if len(words) == 2 and all(word.isdecimal() for word in words):
            self._choose((int(words[0]), int(words[1])))

    def _choose(self, pixel: tuple[int, int]) -> None:
        if self._moment is None:
            return
        height, width = self._moment.size
        if not (pixel[0] < width and pixel[1] < height):
            return
        keeps = self._controls.ruler.value and len(self._pixels) == 1
        self._pixels = [*self._pixels, pixel] if keeps else [pixel]
        self.step()

    def _capture(self) -> None:
        moment, self._note = self._source.capture()
        if moment is not None:
            self._moment = moment
            self._controls.frozen.value = True
        self.step()

    def _save(self) -> None:
        if self._moment is None:
            self._note = 'nothing to save yet'
            return
        moment, look = self._moment, self._controls.look()
        folder = self._out / str(moment.frame.stamp_ns)
        tiles = tiles_of(moment, self._scale, trust=look.trust)
        names = save(folder, moment, tiles, self._whole_cloud(moment, look))
        self._note = f'saved {", ".join(names)} in {folder}'

    def _whole_cloud(self, moment: Moment, look: Look) -> Cloud | None:
        depth_m = moment.depth_m
        if depth_m is None:
            sensor_m = moment.frame.sensor_depth_m
            colours = cloud_colours(moment, sensor_m, self._scale, look.colouring)
            return sensor_cloud(moment, colours, ALL_POINTS)
        colours = cloud_colours(moment, depth_m, self._scale, look.colouring)
        limit_m = look.uncertainty_limit_m
        return our_cloud(moment, colours, ALL_POINTS, uncertainty_limit_m=limit_m)

    def _change(self, name: str, value: Value) -> None:
        """Note what a slider says; only where it ends up is asked for."""
        self._changes[name] = value
        self._actions.put(self._apply)

    def _apply(self) -> None:
        if not self._changes:
            return  # they were asked for together with an earlier one
        self._note = ask_for(self._source.knobs, self._changes)
        if self._note:
            self._controls.knobs.show(self._values)

    def _add_pictures(self, gui: viser.GuiApi) -> None:
        panel = gui.add_panel()
        with panel.add_tab(self._source.title):
            gui.add_html(host_html())
            self._pixel: Any = gui.add_text('pixel', '', hint=HINT)
            self._answer = gui.add_html(_answer_html([]))
            self._status = gui.add_html('')
            self._feeds = {name: gui.add_html('') for name in NAMES}
        panel.dock_left()
        panel.set_width(PICTURES_WIDTH)


def _answer_html(marks: list[Probe]) -> str:
    lines = [f'{mark.column}, {mark.row}: {mark.text}' for mark in marks]
    if len(marks) == 2:
        lines.append(ruler_text(*marks))
    text = ''.join(f'<div>{escape(line)}</div>' for line in lines or [HINT])
    return _small(text, of='answer')


def _small(html: str, *, of: str = 'status') -> str:
    style = 'font-size:12px;line-height:1.5;padding:2px 12px'
    return f'<div class="pda-{of}" style="{style}">{html}</div>'
