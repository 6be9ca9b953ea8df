# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the image processor returns: tensors by name, for `network(**inputs)`."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from typing import Any, TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from promptda_ros.network.fields import require

if TYPE_CHECKING:
    from typing_extensions import Self


class BatchFeature(UserDict[str, Any]):
    """The processed values by name; also read as attributes."""

    def __init__(
        self, data: Mapping[str, Any] | None = None, tensor_type: str | None = None
    ) -> None:
        super().__init__(data)
        self.convert_to_tensors(tensor_type)

    def __getattr__(self, name: str) -> Any:
        """Read a value by its name."""
        try:
            return self.__dict__['data'][name]
        except KeyError:
            raise AttributeError(
                f'no {name} among {", ".join(self.__dict__.get("data", ()))}'
            ) from None

    def convert_to_tensors(self, tensor_type: str | None = None) -> Self:
        """Make arrays ('np') or tensors ('pt') of lists, in place; None leaves all as it is."""
        require(
            tensor_type in (None, 'np', 'pt'), 'return_tensors', tensor_type, "None, 'np' or 'pt'"
        )
        if tensor_type is None:
            return self
        for name, value in self.items():
            array = _stacked(name, value)
            if array.dtype.kind in 'OUS':
                continue  # text is no tensor
            self[name] = torch.from_numpy(array) if tensor_type == 'pt' else array
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move or cast the tensors, in place, as `Tensor.to` does; casts are for floats only."""
        for name, value in self.items():
            if isinstance(value, Tensor) and value.is_floating_point():
                self[name] = value.to(*args, **kwargs)
            elif isinstance(value, Tensor):
                self[name] = value.to(value.new_empty(0).to(*args, **kwargs).device)
        return self


def _stacked(name: str, value: Any) -> Any:
    """Return one array of a list of arrays, tensors or numbers."""
    if isinstance(value, Tensor):
        return value.numpy(force=True)
    if not isinstance(value, (list, tuple)) or not hasattr(value[0] if value else 0, 'shape'):
        return np.asarray(value)
    shapes = sorted({tuple(each.shape) for each in value})
    allowed = 'equal for one batch: resize to one size, or pass the images one by one'
    require(len(shapes) == 1, f'shapes of {name}', shapes, allowed)
    return np.stack([np.asarray(each) for each in value])
