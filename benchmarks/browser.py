# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that tests and benchmarks steer over its DevTools protocol."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
import json
from pathlib import Path
import shutil
import subprocess
import time
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import connect
from websockets.sync.connection import Connection

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or ''
LIMIT_SEC = 100.0  # far above what anything here takes
# Draws with WebGL on a processor.
SOFTWARE = ('--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader')
# What no page asked for: the browser itself must not talk to anybody either.
QUIET = (
    '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-default-apps', '--disable-dev-shm-usage', '--no-sandbox',
)  # fmt: skip
# Notes the largest number of points that were drawn at once, before the page's own scripts run.
COUNT_POINTS = """
window.drawnPoints = 0;
const kinds = ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced'];
for (const name of kinds) {
  const draw = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (mode, ...rest) {
    if (mode === this.POINTS) {
      const counted = name.startsWith('drawArrays') ? rest[1] : rest[0];
      window.drawnPoints = Math.max(window.drawnPoints, counted);
    }
    return draw.call(this, mode, ...rest);
  };
}
"""


class Tab:
    """One page of the browser."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = count(1)
        self.requested: list[str] = []
        self.errors: list[str] = []
        for domain in ('Page', 'Network', 'Runtime'):
            self.send(f'{domain}.enable')
        self.send('Page.addScriptToEvaluateOnNewDocument', source=COUNT_POINTS)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        command = {'id': number, 'method': method, 'params': parameters}
        self._connection.send(json.dumps(command))
        while True:
            message = json.loads(self._connection.recv(timeout=LIMIT_SEC))
            if message.get('id') == number:
                assert 'error' not in message, message['error']
                result: dict[str, Any] = message['result']
                return result
            self._note(message)

    def open(self, url: str) -> None:
        """Go to an address."""
        self.send('Page.navigate', url=url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of the page."""
        result = self.send('Runtime.evaluate', expression=expression, returnByValue=True)
        assert 'exceptionDetails' not in result, result['exceptionDetails']
        return result['result'].get('value')

    def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + LIMIT_SEC
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f'{expression} is never true'
            time.sleep(0.1)
        return value

    def click(self, x: float, y: float) -> None:
        """Press and release the mouse."""
        for kind in ('mouseMoved', 'mousePressed', 'mouseReleased'):
            self.send('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def screenshot(self) -> bytes:
        """Return the page as PNG."""
        return base64.b64decode(self.send('Page.captureScreenshot', format='png')['data'])

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get('params', {})
        if message.get('method') == 'Network.requestWillBeSent':
            self.requested.append(parameters['request']['url'])
        elif message.get('method') == 'Network.webSocketCreated':
            self.requested.append(parameters['url'])
        elif message.get('method') == 'Runtime.exceptionThrown':
            self.errors.append(json.dumps(parameters['exceptionDetails']))


@contextmanager
def opened_tab(folder: Path, *, width: int = 1600, height: int = 900) -> Iterator[Tab]:
    """Start a browser with an empty page; its profile is in the folder."""
    command = [
        CHROMIUM, '--headless=new', f'--window-size={width},{height}', *SOFTWARE, *QUIET,
        f'--user-data-dir={folder}', '--remote-debugging-port=0', 'about:blank',
    ]  # fmt: skip
    with (folder / 'log.txt').open('wb') as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        port = _wait(lambda: _port_in(folder))
        with urlopen(f'http://127.0.0.1:{port}/json') as answer:
            pages = [each for each in json.load(answer) if each['type'] == 'page']
        url = pages[0]['webSocketDebuggerUrl']
        # No pings: a page may be looked at for long without a word.
        with connect(url, max_size=None, ping_interval=None) as connection:
            yield Tab(connection)
    finally:
        process.terminate()
        process.wait(timeout=LIMIT_SEC)


def _port_in(folder: Path) -> str:
    path = folder / 'DevToolsActivePort'
    return path.read_text().split()[0] if path.exists() and path.read_text() else ''


def _wait(found: Callable[[], str]) -> str:
    end = time.monotonic() + LIMIT_SEC
    while not (value := found()):
        assert time.monotonic() < end, 'the browser does not start'
        time.sleep(0.05)
    return value
