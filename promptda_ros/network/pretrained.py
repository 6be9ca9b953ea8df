# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every network of transformers offers beside forward: loading, saving, properties."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TYPE_CHECKING

import torch
from torch import nn, Tensor

from promptda_ros.network.config import PromptDepthAnythingConfig
from promptda_ros.network.fields import keep_known, names_of, require
from promptda_ros.network.files.anchor_file import load_anchor, LoadedAnchor, save_anchor
from promptda_ros.network.files.checkpoint import give_weights, load_weights, read_anchor_file
from promptda_ros.network.files.folder import find_folder
from promptda_ros.network.files.statement import read_statement, Statement, write_statement
from promptda_ros.network.files.weight_shards import save_weights
from promptda_ros.network.files.weights_file import FORMATS
from promptda_ros.network.foreign import LOADING

if TYPE_CHECKING:
    from typing_extensions import Self

Precision = torch.dtype | str | None
# Strategies of accelerate for several devices; here the network is placed on one.
REPORTED = ('missing_keys', 'unexpected_keys', 'mismatched_keys', 'error_msgs')
_SPREADS = ('auto', 'balanced', 'balanced_low_0', 'sequential')


class PretrainedNetwork(nn.Module):
    """A network with a config, made of it, or loaded from a folder with weights."""

    config_class: ClassVar[type[PromptDepthAnythingConfig]] = PromptDepthAnythingConfig
    main_input_name: ClassVar[str] = 'pixel_values'
    base_model_prefix: ClassVar[str] = ''
    supports_gradient_checkpointing: ClassVar[bool] = False

    def __init__(self, config: PromptDepthAnythingConfig) -> None:
        super().__init__()
        config.check()  # a backbone that was changed on its own may not fit any more
        self.config = config
        self.sha256 = ''  # of the weights it was loaded from, those of its anchor included
        self.statement = Statement()  # promptda.json of its folder
        self.anchor: LoadedAnchor | None = None  # of its folder; forward does without

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the weights."""
        return next(self.parameters()).dtype

    def num_parameters(
        self,
        only_trainable: bool = False,
        exclude_embeddings: bool = False,  # noqa: ARG002 (its name is theirs)
    ) -> int:
        """Count the weights; exclude_embeddings has no effect, there are no word embeddings."""
        return sum(
            value.numel()
            for value in self.parameters()
            if value.requires_grad or not only_trainable
        )

    def get_memory_footprint(self, return_buffers: bool = True) -> int:
        """Return the bytes of the weights and buffers."""
        buffers = self.buffers() if return_buffers else ()
        return sum(value.nbytes for value in (*self.parameters(), *buffers))

    @staticmethod
    def can_generate() -> bool:
        """Return False, as every model of transformers that generates no text."""
        return False

    @classmethod
    def from_config(
        cls,
        config: PromptDepthAnythingConfig,
        *,
        dtype: Precision = None,
        torch_dtype: Precision = None,
        **words: Any,
    ) -> Self:
        """Make a network with random weights."""
        keep_known(f'{cls.__name__}.from_config', words, (), LOADING)
        return cls(config).to(_precision(dtype or torch_dtype) or torch.float32)

    _from_config = from_config  # as transformers names it on a class of networks

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: Path | str | None,
        *,
        config: PromptDepthAnythingConfig | Path | str | None = None,
        subfolder: str = '',
        dtype: Precision = None,
        torch_dtype: Precision = None,
        device_map: torch.device | str | int | Mapping[str, Any] | None = None,
        state_dict: Mapping[str, Tensor] | None = None,
        sha256: str = '',
        output_loading_info: bool = False,
        **words: Any,
    ) -> Any:
        """Load a folder with config.json and weights, ready for inference.

        dtype: float32 by default; 'auto' keeps that of the file. device_map: 'auto' is the GPU if
        there is one. sha256, if given, is compared before anything is parsed. Other keywords
        change the config. output_loading_info also returns a report, always empty, since no
        weight may be missing. Without a folder, config and state_dict are required.

        Raises:
            CheckpointError: the folder is missing, damaged, or not of this network.
        """
        known = names_of(cls.config_class)
        changes = keep_known(f'{cls.__name__}.from_pretrained', words, known, LOADING)
        name, folder = pretrained_model_name_or_path, Path()
        in_memory = state_dict is not None and config is not None
        allowed = 'a folder, or None where config and state_dict are given'
        require(name is not None or in_memory, 'pretrained_model_name_or_path', name, allowed)
        if name is not None:
            folder = find_folder(name) / subfolder
        if not isinstance(config, PromptDepthAnythingConfig):
            config = cls.config_class.from_pretrained(config or folder)
        if changes:
            config = config.from_dict(config.to_dict(), **changes)
        wanted = dtype if dtype is not None else torch_dtype
        stored = torch.float32 if wanted is None else _precision(wanted)
        # Without memory of its own it has no random weights that could survive by mistake.
        with torch.device('meta'):
            network = cls(config)
        anchor = None if name is None else read_anchor_file(folder)
        if name is not None:
            network.statement = read_statement(folder)
        if state_dict is None:
            network.sha256 = load_weights(
                network, folder, anchor=anchor, sha256=sha256, dtype=stored
            )
        else:
            give_weights(network, state_dict, source=Path('state_dict'), dtype=stored)
        network.anchor = load_anchor(folder, anchor)
        network.to(_place(device_map)).eval()
        return (network, {name: set() for name in REPORTED}) if output_loading_info else network

    def save_pretrained(
        self,
        save_directory: Path | str,
        *,
        state_dict: dict[str, Tensor] | None = None,
        max_shard_size: int | str = '50GB',
        **words: Any,
    ) -> None:
        """Write config.json and the weights, in several files if one would be larger.

        promptda.json and the anchor of the folder that the network was loaded from are written,
        too.
        """
        keep_known(f'{type(self).__name__}.save_pretrained', words, (), LOADING)
        folder = Path(save_directory)
        self.config.save_pretrained(folder)
        if self.statement != Statement():
            write_statement(folder, self.statement)
        weights = self.state_dict() if state_dict is None else state_dict
        save_weights(weights, folder, max_shard_size=max_shard_size)
        if self.anchor is not None:
            save_anchor(self.anchor.anchor, folder)


def _precision(wanted: Precision) -> torch.dtype | None:
    """Read torch.float16, 'float16' or 'torch.float16'; None: as stored."""
    if wanted is None or wanted == 'auto':
        return None
    known = {str(each).removeprefix('torch.'): each for each in FORMATS}
    name = str(wanted).removeprefix('torch.')
    require(name in known, 'dtype', wanted, f"'auto' or one of {', '.join(known)}")
    return known[name]


def _place(wanted: Any) -> torch.device:
    """Read a device, 'auto', or a dictionary that puts the whole network on one device."""
    if isinstance(wanted, Mapping):
        allowed = "a device, 'auto' or {'': device}: the network is not divided"
        require(list(wanted) == [''], 'device_map', wanted, allowed)
        wanted = wanted['']
    if wanted in _SPREADS:
        wanted = 'cuda' if torch.cuda.is_available() else 'cpu'
    return torch.device('cpu' if wanted is None else wanted)
