# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What came of every scene, one line of a file each: a run that was killed goes on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
from typing import Any

from promptda_ros.core.errors import FileError
from promptda_ros.core.output_folder import refusal

FILE = 'attempts.jsonl'
REFUSED = 'refused'


@dataclass(frozen=True)
class Attempt:
    """One grasp of one scene, planned on one cloud."""

    scene: int
    sensor: str  # empty where the cloud rests on none
    arm: str
    verdict: str  # held, missed, slipped, collided or refused
    why: str
    cause: str  # the error of the depth behind a failure; empty where there is none
    camera_from_gripper: tuple[float, ...] = ()  # 16 numbers, row by row; empty if refused
    opening_m: float = 0.0


class AttemptLog:
    """The attempts in a folder; a scene is on the disk before the next one begins."""

    def __init__(self, folder: Path, asked: dict[str, object]) -> None:
        """Open the log of a folder, or begin it; `asked` is what decides the attempts.

        Raises:
            FileError: it is of another run, or can't be read or written.
        """
        self._path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._scenes = self._begin(asked)
        except FileError:
            raise
        except OSError as error:
            raise refusal(self._path, error) from None

    def __contains__(self, scene: int) -> bool:
        return scene in self._scenes

    def first(self, scenes: int) -> list[Attempt]:
        """Return the attempts on the first so many scenes, in their order."""
        numbers = sorted(number for number in self._scenes if number < scenes)
        return [attempt for number in numbers for attempt in self._scenes[number]]

    def add(self, scene: int, attempts: Sequence[Attempt]) -> None:
        """Keep what came of a scene.

        Raises:
            FileError: it can't be written.
        """
        line = json.dumps({'scene': scene, 'attempts': [asdict(each) for each in attempts]})
        try:
            self._append(line)
        except OSError as error:
            raise refusal(self._path, error) from None
        self._scenes[scene] = list(attempts)

    def _begin(self, asked: dict[str, object]) -> dict[int, list[Attempt]]:
        """Return what is there, without the line in which a run was killed."""
        header = json.dumps(asked)
        content = self._path.read_bytes() if self._path.exists() else b''
        whole = content[: content.rfind(b'\n') + 1]
        if not whole and header.encode().startswith(content):
            self._path.write_bytes(b'')
            self._append(header)
            return {}
        found = self._read(whole, json.loads(header))
        if whole != content:
            os.truncate(self._path, len(whole))
        return found

    def _read(self, content: bytes, asked: dict[str, object]) -> dict[int, list[Attempt]]:
        try:
            header, *scenes = (json.loads(line) for line in content.decode().splitlines())
            found = {
                line['scene']: [_attempt(each) for each in line['attempts']] for line in scenes
            }
        except (ValueError, TypeError, KeyError) as error:
            raise FileError(
                f'{self._path} holds no attempts ({error!r}); name another --out'
            ) from None
        self._require_same(header, asked)
        return found

    def _require_same(self, header: object, asked: dict[str, object]) -> None:
        before = header if isinstance(header, dict) else {}
        for name, value in asked.items():
            if before.get(name) != value:
                raise FileError(
                    f'{self._path} was begun with {name} {_said(before.get(name))}, not '
                    f'{_said(value)}: the attempts would not be comparable; name another --out'
                )

    def _append(self, line: str) -> None:
        with self._path.open('a', encoding='utf-8') as file:
            file.write(line + '\n')
            file.flush()
            os.fsync(file.fileno())


def _said(value: object) -> str:
    return ' '.join(map(str, value)) if isinstance(value, list) else str(value)


def _attempt(fields: dict[str, Any]) -> Attempt:
    return Attempt(**{**fields, 'camera_from_gripper': tuple(fields['camera_from_gripper'])})
