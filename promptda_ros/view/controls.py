# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The panel beside the 3D view: what to see, what to keep, where in a recording."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

import viser

from promptda_ros.view.colours import COLOURINGS, PICTURE
from promptda_ros.view.knobs import Change, KnobPanel
from promptda_ros.view.look import CLOUDS, Look, POINTS, SIDE_BY_SIDE
from promptda_ros.view.moment import UNCERTAINTY, VALIDITY
from promptda_ros.view.source import Player, Source

NO_LIMIT_MM = 100.0  # the right end of the slider


class Controls:
    """What the user chose; buttons call back on threads of the server."""

    def __init__(self, gui: viser.GuiApi, source: Source, change: Change) -> None:
        self._gui = gui
        with gui.add_folder('Look'):
            self._clouds = gui.add_dropdown('clouds', CLOUDS, initial_value=SIDE_BY_SIDE)
            self._colouring = gui.add_dropdown('colours', COLOURINGS, initial_value=PICTURE)
            self._trust = gui.add_dropdown(
                'fourth tile', (UNCERTAINTY, VALIDITY), initial_value=UNCERTAINTY
            )
            self._limit = gui.add_slider(
                'uncertainty ≤ mm',
                1.0,
                NO_LIMIT_MM,
                1.0,
                NO_LIMIT_MM,
                hint='Hide points of our cloud that are more uncertain; the right end shows all. '
                'Acts on this page alone.',
            )
            self._points = gui.add_slider('points, thousands', 10, 150, 10, POINTS // 1000)
            self._frustum = gui.add_checkbox('frustum', initial_value=True)
            self._box = gui.add_checkbox('workspace box', initial_value=True)
            self.aim = gui.add_button('Reset the view')
        with gui.add_folder('Keep'):
            self.frozen: Any = gui.add_checkbox('freeze', initial_value=False)
            self.ruler = gui.add_checkbox(
                'ruler', initial_value=False, hint='Measure between two clicks.'
            )
            self.capture = gui.add_button(
                'Capture', hint='Take one frame with ~/capture (capture.frames), and freeze on it.'
            )
            self.save = gui.add_button('Save PLY and PNG')
        self._slider: Any = None
        if source.player is not None:
            self._add_player(source.player)
        self.knobs = KnobPanel(gui, change)

    def look(self) -> Look:
        """Return what to show."""
        limit_mm = self._limit.value
        return Look(
            clouds=self._clouds.value,
            colouring=self._colouring.value,
            trust=self._trust.value,
            points=self._points.value * 1000,
            uncertainty_limit_m=math.inf if limit_mm >= NO_LIMIT_MM else limit_mm / 1e3,
            frustum=self._frustum.value,
            box=self._box.value,
        )

    def follow(self, player: Player) -> None:
        """Show where in a recording the page is."""
        if player.is_playing:
            self._slider.value = player.position

    def _add_player(self, player: Player) -> None:
        with self._gui.add_folder('Recording'):
            buttons = self._gui.add_button_group('frames', ('back', 'play', 'pause', 'next'))
            last = max(1, player.count - 1)
            self._slider = self._gui.add_slider('frame', 0, last, 1, 0)
        moves: dict[str, Callable[[], None]] = {
            'back': lambda: player.seek(max(0, player.position - 1)),
            'play': lambda: player.play(playing=True),
            'pause': lambda: player.play(playing=False),
            'next': lambda: player.seek(min(last, player.position + 1)),
        }

        def move(_event: Any) -> None:
            moves[buttons.value]()
            self._slider.value = player.position

        buttons.on_click(move)

        def seek(event: Any) -> None:
            if event.client is not None:
                player.seek(self._slider.value)

        self._slider.on_update(seek)
