# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda convert_checkpoint`: converts an original .ckpt file to a model folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from promptda_ros.core.errors import ExitCode, FileError, PromptdaError
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.runtime.guard import Foreseen
from promptda_ros.network import (
    Dinov2Config,
    load_network,
    PromptDepthAnythingConfig,
    PromptDepthAnythingForDepthEstimation,
    PromptDepthAnythingImageProcessor,
)
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from promptda_ros.tools.arguments import Parser

# Before it, `weights_only=True` could still be made to run code or corrupt memory:
# CVE-2025-32434 (torch < 2.6), CVE-2026-24747 (torch < 2.10).
OLDEST_SAFE_TORCH = '2.10.0'
PATCH_PX = 14
HEAD_CHANNELS = 64  # of one attention head in every DINOv2
OUT_INDICES = {12: (3, 6, 9, 12), 24: (5, 12, 18, 24), 40: (10, 20, 30, 40)}  # by depth
STAGES = 4
_ANCHOR = 'pretrained.cls_token'  # every original checkpoint has it behind its prefix
_STATISTICS = ('_mean', '_std')  # of the image; preprocessor_config.json holds them
# transformers ignores position_interpolation in config.json.
ELSEWHERE = (
    'Load this folder with promptda_ros.network: transformers interpolates the position table in '
    'another way, and its depth is off by 4 to 9 mm in the median and by up to 0.1 m.'
)


class ConversionError(PromptdaError):
    """A file that is no original checkpoint, or cannot be opened safely."""

    exit_code = ExitCode.MODEL_OR_DEVICE


def main(argv: list[str]) -> int:
    """Run `promptda convert_checkpoint`; returns the exit code."""
    arguments = make_parser().parse_args(argv)
    folder: Path = arguments.folder
    if folder.is_dir() and any(folder.iterdir()):
        raise FileError(f'{folder} has files already; name a folder that does not exist')
    with OutputFolder(folder) as unfinished:
        convert(arguments.checkpoint, unfinished)
    print(f'{folder} is ready: set the parameter model.path to it.')
    print(ELSEWHERE)
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('convert_checkpoint', __doc__)
    parser.add_argument('checkpoint', type=Path, help='the .ckpt file')
    parser.add_argument('folder', type=Path, help='the folder to create')
    return parser


def convert(checkpoint: Path, unfinished: Path) -> None:
    """Write the network of a checkpoint into a folder and load it once, as the node would."""
    content = open_safely(checkpoint)
    with Foreseen(
        lambda error: ConversionError(f'{checkpoint} has other tensors than a PromptDA: {error}')
    ):
        originals = original_weights(content, checkpoint)
        config = config_of(originals, checkpoint)
        weights = rename_weights(originals, config.dinov2.num_hidden_layers)
        with torch.device('meta'):
            network = PromptDepthAnythingForDepthEstimation(config)
        network.load_state_dict(weights, assign=True)
    network.save_pretrained(unfinished)
    image_processor().save_pretrained(unfinished)
    load_network(unfinished)


def open_safely(checkpoint: Path) -> Any:
    """Unpickle tensors and plain values only; anything else in the file is refused."""
    if TorchVersion(torch.__version__) < OLDEST_SAFE_TORCH:
        raise ConversionError(
            f'torch {torch.__version__} cannot open checkpoints safely, {OLDEST_SAFE_TORCH} can: '
            f'convert on another machine, or run `pip install "torch>={OLDEST_SAFE_TORCH}"`'
        )
    try:
        content = checkpoint.read_bytes()
    except OSError as error:
        raise FileError(f'{checkpoint} cannot be read: {error.strerror}') from None
    with Foreseen(partial(_damage, checkpoint)):
        return torch.load(io.BytesIO(content), map_location='cpu', weights_only=True)


def _damage(checkpoint: Path, error: Exception) -> ConversionError:
    # The text of torch advises to open the file with weights_only=False, which runs its code.
    return ConversionError(
        f'{checkpoint} is damaged, or holds more than tensors, and was not opened '
        f'({type(error).__name__}); download it again, and compare its sha256'
    )


def original_weights(content: Any, checkpoint: Path) -> dict[str, Tensor]:
    """Return the tensors by their original names, without the prefix of the training code."""
    state = content.get('state_dict', content) if isinstance(content, dict) else content
    entries = state.items() if isinstance(state, dict) else ()
    tensors = {str(name): value for name, value in entries if isinstance(value, Tensor)}
    prefixes = [name[: -len(_ANCHOR)] for name in tensors if name.endswith(_ANCHOR)]
    if len(prefixes) != 1:
        raise ConversionError(f'{checkpoint} is no PromptDA checkpoint: no {_ANCHOR} in it')
    prefix = prefixes[0]
    stray = [name for name in tensors if not name.startswith(prefix)]
    if stray:
        raise ConversionError(f'{checkpoint} has tensors outside {prefix!r}, first {stray[0]}')
    names = {name: name[len(prefix) :] for name in tensors}
    return {
        short: tensors[name].float() for name, short in names.items() if short not in _STATISTICS
    }


def config_of(originals: Mapping[str, Tensor], checkpoint: Path) -> PromptDepthAnythingConfig:
    """Read the shape of the network off its tensors."""
    depth = len([name for name in originals if name.endswith('.norm1.weight')])
    if depth not in OUT_INDICES:
        known = ', '.join(map(str, OUT_INDICES))
        raise ConversionError(f'{checkpoint} has {depth} transformer layers, known are {known}')
    try:
        channels = originals[_ANCHOR].shape[-1]
        positions = originals['pretrained.pos_embed'].shape[1] - 1
        projects = [originals[f'depth_head.projects.{stage}.weight'] for stage in range(STAGES)]
        fusion_size = len(originals['depth_head.scratch.layer1_rn.weight'])
    except KeyError as error:
        raise ConversionError(f'{checkpoint} lacks {error}') from None
    backbone = Dinov2Config(
        hidden_size=channels,
        num_hidden_layers=depth,
        num_attention_heads=channels // HEAD_CHANNELS,
        image_size=round(positions**0.5) * PATCH_PX,
        use_swiglu_ffn='pretrained.blocks.0.mlp.w12.weight' in originals,
        out_indices=OUT_INDICES[depth],
        reshape_hidden_states=False,
        position_interpolation='original',
    )
    return PromptDepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=channels,
        neck_hidden_sizes=[len(project) for project in projects],
        fusion_hidden_size=fusion_size,
        depth_estimation_type='metric',
    )


def rename_weights(originals: Mapping[str, Tensor], depth: int) -> dict[str, Tensor]:
    """Return the tensors by the published names; unknown names stay, for the strict load."""
    modules = _module_names(depth)
    weights = {}
    for name, tensor in originals.items():
        module, _, kind = name.rpartition('.')
        if module.endswith('.attn.qkv'):
            layer = module.replace('pretrained.blocks.', 'backbone.encoder.layer.')
            for part, third in zip(('query', 'key', 'value'), tensor.chunk(3), strict=True):
                renamed = layer.replace('.attn.qkv', f'.attention.attention.{part}')
                weights[f'{renamed}.{kind}'] = third.clone()
        else:
            weights[modules.get(name) or f'{modules.get(module, module)}.{kind}'] = tensor
    return weights


def image_processor() -> PromptDepthAnythingImageProcessor:
    """Return the preparation of the published folders: 756 pixels, whole patches, ImageNet."""
    return PromptDepthAnythingImageProcessor(
        size=756,
        keep_aspect_ratio=True,
        ensure_multiple_of=PATCH_PX,
        image_mean=IMAGENET_MEAN,
        image_std=IMAGENET_STD,
    )


def _module_names(depth: int) -> dict[str, str]:
    """Return original -> published names of all modules, and of the tensors outside modules."""
    embeddings, scratch = 'backbone.embeddings', 'depth_head.scratch'
    names = {
        'pretrained.cls_token': f'{embeddings}.cls_token',
        'pretrained.mask_token': f'{embeddings}.mask_token',
        'pretrained.pos_embed': f'{embeddings}.position_embeddings',
        'pretrained.patch_embed.proj': f'{embeddings}.patch_embeddings.projection',
        'pretrained.norm': 'backbone.layernorm',
        f'{scratch}.output_conv1': 'head.conv1',
        f'{scratch}.output_conv2.0': 'head.conv2',
        f'{scratch}.output_conv2.2': 'head.conv3',
    }
    for layer in range(depth):
        names.update(_layer_names(f'pretrained.blocks.{layer}', f'backbone.encoder.layer.{layer}'))
    for stage in range(STAGES):
        reassemble = f'neck.reassemble_stage.layers.{stage}'
        names[f'depth_head.projects.{stage}'] = f'{reassemble}.projection'
        names[f'depth_head.resize_layers.{stage}'] = f'{reassemble}.resize'
        names[f'{scratch}.layer{stage + 1}_rn'] = f'neck.convs.{stage}'
        # The original counts the fusion from fine to coarse, the published files the other way.
        fusion = f'neck.fusion_stage.layers.{STAGES - 1 - stage}'
        names.update(_fusion_names(f'{scratch}.refinenet{stage + 1}', fusion))
    return names


def _layer_names(original: str, published: str) -> dict[str, str]:
    return {
        f'{original}.ls1.gamma': f'{published}.layer_scale1.lambda1',
        f'{original}.ls2.gamma': f'{published}.layer_scale2.lambda1',
        f'{original}.norm1': f'{published}.norm1',
        f'{original}.norm2': f'{published}.norm2',
        f'{original}.attn.proj': f'{published}.attention.output.dense',
        f'{original}.mlp.fc1': f'{published}.mlp.fc1',
        f'{original}.mlp.fc2': f'{published}.mlp.fc2',
        f'{original}.mlp.w12': f'{published}.mlp.weights_in',
        f'{original}.mlp.w3': f'{published}.mlp.weights_out',
    }


def _fusion_names(original: str, published: str) -> dict[str, str]:
    names = {f'{original}.out_conv': f'{published}.projection'}
    for unit in (1, 2):
        for convolution in (1, 2):
            names[f'{original}.resConfUnit{unit}.conv{convolution}'] = (
                f'{published}.residual_layer{unit}.convolution{convolution}'
            )
    for convolution in (1, 2, 3):  # at 0, 2 and 4: activations lie between
        names[f'{original}.resConfUnit_depth.{2 * convolution - 2}'] = (
            f'{published}.prompt_depth_layer.convolution{convolution}'
        )
    return names
