# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the network returns: an ordered mapping that is also read by attribute and by place."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from torch import Tensor
from torch.utils import _pytree


class DepthEstimatorOutput(OrderedDict[str, Any]):
    """The outputs by name, without those that were not asked for; as attributes they are None."""

    loss: Tensor | None  # ()
    predicted_depth: Tensor | None  # (B, H, W), metres where the prompt was in metres
    hidden_states: tuple[Tensor, ...] | None  # each (B, tokens, channels)
    attentions: tuple[Tensor, ...] | None  # each (B, heads, tokens, tokens)

    def __init__(
        self,
        loss: Tensor | None = None,
        predicted_depth: Tensor | None = None,
        hidden_states: tuple[Tensor, ...] | None = None,
        attentions: tuple[Tensor, ...] | None = None,
    ) -> None:
        super().__init__()
        values = (loss, predicted_depth, hidden_states, attentions)
        for name, value in zip(OUTPUT_FIELDS, values, strict=True):
            if value is not None:
                super().__setitem__(name, value)

    def to_tuple(self) -> tuple[Any, ...]:
        """Return the outputs in order."""
        return tuple(self.values())

    def __getitem__(self, key: int | slice | str) -> Any:
        """Read an output by its name or its place."""
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def __setitem__(self, name: str, value: Any) -> None:
        """Replace or add an output."""
        if name not in OUTPUT_FIELDS:
            raise KeyError(f'{type(self).__name__} has no {name}, only {", ".join(OUTPUT_FIELDS)}')
        super().__setitem__(name, value)

    def __getattr__(self, name: str) -> Any:
        """Read an output; None: it was not asked for."""
        if name in OUTPUT_FIELDS:
            return self.get(name)
        raise AttributeError(f'{type(self).__name__} has no {name}')

    def __setattr__(self, name: str, value: Any) -> None:
        """Replace or add an output; None removes it."""
        if value is None and name in OUTPUT_FIELDS:
            self.pop(name, None)
        else:
            self[name] = value


OUTPUT_FIELDS = tuple(DepthEstimatorOutput.__annotations__)


def _flatten(output: DepthEstimatorOutput) -> tuple[list[Any], tuple[str, ...]]:
    return list(output.values()), tuple(output)


def _unflatten(values: Any, names: Any) -> DepthEstimatorOutput:
    return DepthEstimatorOutput(**dict(zip(names, values, strict=True)))


# Known to torch as a container, the output can be exported, compiled and gathered.
_pytree.register_pytree_node(
    DepthEstimatorOutput,
    _flatten,
    _unflatten,
    serialized_type_name=f'{__name__}.{DepthEstimatorOutput.__name__}',
)
