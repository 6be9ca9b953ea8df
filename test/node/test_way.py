# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How many functions of ours a frame and a changed setting pass, so that the way stays short.

The limits are what is reached today; they only ever go down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import sys
import threading
from types import CodeType, FrameType
from typing import Any

import pytest
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, PointCloud2

from promptda_ros.loaded_model import LoadedModel

OF_A_FRAME = 118
OF_A_SETTING = 15
LEVELS = 9  # of ours above the call that publishes


class OfTimer:
    """The callback of a timer, which looks after the node beside and between its frames."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback

    def __call__(self) -> None:
        self._callback()


BESIDE_CODE = tuple(each.__code__ for each in (OfTimer.__call__, LoadedModel.next_pause.fget))


class Way:
    """Notes the named functions of the package that run while it is open, but the network's."""

    def __init__(self) -> None:
        self.functions: dict[CodeType, str] = {}
        self.levels: dict[str, int] = {}  # by the type of the message that is published
        self._is_open = False

    def __enter__(self) -> None:
        self._is_open = True
        sys.setprofile(self.note)

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)
        self._is_open = False

    def note(self, frame: FrameType, event: str, _argument: Any) -> None:
        """Note a call."""
        if event != 'call' or not self._is_open:
            return
        frames = [*frames_from(frame)]
        if any(each.f_code in BESIDE_CODE for each in frames):
            return
        ours = [each for each in frames if is_ours(each)]
        if frame.f_code is Publisher.publish.__code__:
            self.levels[type(frame.f_locals['msg']).__name__] = len(ours)
        elif ours and ours[0] is frame:
            self.functions[frame.f_code] = name_of(frame)

    def __str__(self) -> str:
        return '\n'.join([f'{len(self.functions)} functions:', *sorted(self.functions.values())])


def frames_from(frame: FrameType | None) -> Iterator[FrameType]:
    """Return a frame and those that led to it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def is_ours(frame: FrameType) -> bool:
    """Return whether a named function of the package runs, none that a dataclass wrote."""
    module, code = frame.f_globals.get('__name__', ''), frame.f_code
    is_counted = '<' not in code.co_name and code.co_filename != '<string>'
    is_network = module.startswith('promptda_ros.network')
    return is_counted and module.startswith('promptda_ros.') and not is_network


def name_of(frame: FrameType) -> str:
    """Return module and name of what runs; Python 3.10 does not know the class."""
    code = frame.f_code
    return f'{frame.f_globals["__name__"]}: {getattr(code, "co_qualname", code.co_name)}'


@pytest.fixture
def way() -> Iterator[Way]:
    """Return what notes the way of a frame on the threads that are started from now on."""
    way = Way()
    threading.setprofile(way.note)
    yield way
    threading.setprofile(None)


def test_a_frame_passes_few_functions_from_message_to_published(
    way: Way, make_rig: Callable[..., Any]
) -> None:
    rig = make_rig()
    rig.node.start()
    for timer in rig.node.timers:
        timer.callback = OfTimer(timer.callback)
    rig.advertise_all()
    rig.listen('depth/image_rect')
    rig.listen('depth/camera_info', CameraInfo)
    points = rig.listen('points', PointCloud2)
    rig.send_through(points)
    with way:
        for _ in range(2):  # so that one of them is followed to its end
            rig.send_through(points)
    assert way.levels.keys() == {'Image', 'CameraInfo', 'PointCloud2'}
    assert max(way.levels.values()) <= LEVELS, way.levels
    assert len(way.functions) <= OF_A_FRAME, str(way)


def test_a_changed_setting_passes_few_functions(way: Way, rig: Any) -> None:
    with way:
        (result,) = rig.node.set_parameters([Parameter('sync.tolerance', value=0.02)])
    assert result.successful
    assert 0 < len(way.functions) <= OF_A_SETTING, str(way)
