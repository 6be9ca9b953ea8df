# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Base of what JSON files of a network folder hold: checked when built and when changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
import inspect
import json
from pathlib import Path
from typing import Any, ClassVar, TYPE_CHECKING, TypeVar

from promptda_ros.network.fields import Fields, Foreign, keep_known, names_of, require, to_plain
from promptda_ros.network.files.folder import (
    CheckpointError,
    find_folder,
    read_json,
    to_json,
    write_json,
)
from promptda_ros.network.foreign import LOADING

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar('T')


class Checked(Fields):
    """Base of the dataclasses stored as JSON; `takes_foreign` completes each of them."""

    file_name: ClassVar[str]
    foreign: ClassVar[Foreign]
    model_type: ClassVar[str]
    sub_configs: ClassVar[dict[str, type[Checked]]] = {}

    def check(self) -> None:
        """Normalise the values; raises ValueError that names a wrong one."""
        raise NotImplementedError

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a value, unless the whole would be wrong with it."""
        if not vars(self).get('_made'):
            object.__setattr__(self, name, value)
            return
        is_property = isinstance(getattr(type(self), name, None), property)
        if not is_property:
            keep_known(type(self).__name__, {name: value}, names_of(type(self)), self.foreign)
        before = dict(vars(self))
        object.__setattr__(self, name, value)
        try:
            self.check()
        except (TypeError, ValueError):
            vars(self).update(before)
            raise

    def __getattr__(self, name: str) -> Any:
        """Return None for attributes that transformers has and this file does not set."""
        if name in type(self).foreign:
            return None
        raise AttributeError(f'{type(self).__name__} has no {name}')

    def get_text_config(self, decoder: bool = False) -> Self:  # noqa: ARG002 (its name is theirs)
        """Return itself, as transformers does where nothing is about text."""
        return self

    @classmethod
    def translated(cls, words: dict[str, Any]) -> dict[str, Any]:
        """Return the words of a file or a call in the names of the fields."""
        return words

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], **changes: Any) -> Self:
        """Build from the content of a file, with some values changed; unknown ones are refused."""
        require(isinstance(values, Mapping), cls.__name__, values, 'a dictionary')
        return cls(**{**values, **changes})

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values that `from_dict` and transformers read back."""
        values = {name: getattr(self, name) for name in names_of(type(self))}
        nested = {
            name: value.to_dict() for name, value in values.items() if isinstance(value, Checked)
        }
        return to_plain(model_type=self.model_type, **{**values, **nested})

    def to_diff_dict(self) -> dict[str, Any]:
        """Return the values that are not the default ones."""
        names = names_of(type(self))
        usual = to_plain(**{name: getattr(type(self), name, None) for name in names})
        return {
            name: value
            for name, value in self.to_dict().items()
            if name not in usual or value != usual[name]
        }

    @classmethod
    def from_json_string(cls, text: str) -> Self:
        """Build from the text of a file."""
        return cls.from_dict(json.loads(text))

    def to_json_string(self, use_diff: bool = False) -> str:
        """Return the text of a file; transformers leaves out defaults with use_diff."""
        return to_json(self.to_diff_dict() if use_diff else self.to_dict())

    @classmethod
    def from_json_file(cls, json_file: Path | str) -> Self:
        """Read a file of any name; raises CheckpointError."""
        path = Path(json_file)
        try:
            return cls.from_dict(read_json(path.parent, path.name))
        except (TypeError, ValueError) as error:
            raise CheckpointError(path.parent, f'{path}: {error}') from error

    def to_json_file(self, json_file_path: Path | str, use_diff: bool = False) -> None:
        """Write a file of any name."""
        Path(json_file_path).write_text(self.to_json_string(use_diff), encoding='utf-8')

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Path | str, *, subfolder: str = '', **words: Any
    ) -> Self:
        """Read the file of a folder, with some values changed; raises CheckpointError."""
        path = Path(pretrained_model_name_or_path)
        if not path.is_file():
            path = find_folder(path) / subfolder / cls.file_name
        found = cls.from_json_file(path)
        known = (*inspect.signature(cls).parameters, *cls.foreign)
        changes = keep_known(f'{cls.__name__}.from_pretrained', words, known, LOADING)
        return cls.from_dict({**found.to_dict(), **changes}) if changes else found

    def save_pretrained(self, save_directory: Path | str, **words: Any) -> list[str]:
        """Write the file into a folder, made where it does not exist; return its path."""
        keep_known(f'{type(self).__name__}.save_pretrained', words, (), LOADING)
        write_json(Path(save_directory), self.file_name, self.to_dict())
        return [str(Path(save_directory) / self.file_name)]


def takes_foreign(cls: type[T]) -> type[T]:
    """Let the constructor of a dataclass accept keywords of transformers, then check it."""
    made: Any = cls
    generated: Callable[..., None] = made.__init__
    known = list(inspect.signature(generated).parameters)[1:]

    @wraps(generated)
    def __init__(self: Any, *values: Any, **words: Any) -> None:
        kind = words.pop('model_type', made.model_type)
        require(kind == made.model_type, f'{made.__name__}.model_type', kind, made.model_type)
        words = made.translated(words)
        generated(self, *values, **keep_known(made.__name__, words, known, made.foreign))
        self.check()
        for name, word in words.items():
            if name in made.foreign:
                setattr(self, name, word)
        object.__setattr__(self, '_made', True)

    made.__init__ = __init__
    return cls
