# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.engines.folded: what it folds must not be seen in its depth."""

from __future__ import annotations

from dataclasses import replace
import itertools
from pathlib import Path

import pytest
import torch
from torch.torch_version import TorchVersion
from torch.utils.flop_counter import FlopCounterMode

import promptda_ros
from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.network import (
    load_network,
    PromptDepthAnythingConfig,
    PromptDepthAnythingForDepthEstimation,
    PromptDepthAnythingImageProcessor,
)
from promptda_ros.network.engines.folded import fold, FoldedNetwork, load_folded
from promptda_ros.network.engines.folded_backbone import KEPT_TABLES
from promptda_ros.network.engines.onednn import OneDnnLinear, use_onednn
from promptda_ros.network.engines.precision import BF16, FP16, throughout

Network = PromptDepthAnythingForDepthEstimation

EMBEDDED = Path(promptda_ros.__file__).parents[1] / 'models' / 'promptda-tiny'
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RELATIVE_TOLERANCE = 1e-5
# The position table as it is, stretched, and with pixels to spare.
SIZES = ((56, 56), (42, 70), (61, 101))
# Published: hidden size, layers, heads, asked layers, channels of the neck, of the fusion.
PUBLISHED = {
    'vits': (384, 12, 6, (3, 6, 9, 12), (48, 96, 192, 384), 64),
    'vitl': (1024, 24, 16, (5, 12, 18, 24), (256, 512, 1024, 1024), 256),
}
BACKBONE_VARIANTS = (
    {'position_interpolation': 'original'},
    {'use_swiglu_ffn': True},
    {'hidden_act': 'relu', 'qkv_bias': False, 'apply_layernorm': False},
    {'hidden_act': 'silu', 'mlp_ratio': 2, 'layer_norm_eps': 1e-3, 'use_mask_token': False},
    {'out_indices': (0, 1, 2, 3)},  # the embeddings themselves; the last layer isn't needed
    {'hidden_dropout_prob': 0.5, 'attention_probs_dropout_prob': 0.5, 'drop_path_rate': 0.5},
)
NETWORK_VARIANTS = (
    {'depth_estimation_type': 'relative'},
    {'depth_space': 'log'},
    {'reassemble_factors': (7, 7, 2, 1)},
    {'reassemble_factors': (3, 1, 0.5, 0.25), 'head_hidden_size': 7, 'head_in_index': 1},
    {'fusion_hidden_size': 9, 'neck_hidden_sizes': (3, 5, 7, 11)},
)


def pixels(*size: int, batch: int = 1) -> torch.Tensor:
    """Make a picture as cameras give it."""
    torch.manual_seed(batch)
    return torch.randint(0, 256, (batch, 3, *size), dtype=torch.uint8)


def normalised(picture: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Do to a picture what the image processor does."""
    mean, deviation = torch.tensor([MEAN, DEVIATION], dtype=torch.float64)[..., None, None]
    return ((picture.double() / 255 - mean) / deviation).to(dtype)


def prompt(batch: int = 1) -> torch.Tensor:
    """Make a prompt in metres."""
    torch.manual_seed(batch)
    return 0.4 + 3 * torch.rand(batch, 1, 24, 32)


def folded_of(network: Network, **changes) -> FoldedNetwork:
    return fold(network, image_mean=MEAN, image_std=DEVIATION, **changes)


def relative_error(network: Network, folded: FoldedNetwork, size, *, batch: int = 1) -> float:
    """Return the greatest difference of the two depths, as a share of the depth."""
    dtype = folded.precision.decoder
    picture, prompt_m = pixels(*size, batch=batch), prompt(batch).to(dtype)
    expected = network(normalised(picture, dtype), prompt_m).predicted_depth
    assert expected.std() > 0.01, 'a flat depth would prove nothing'
    actual = folded(picture, prompt_m)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype == dtype
    return ((actual - expected).abs() / expected).max().item()


@pytest.fixture
def embedded() -> Network:
    return load_network(EMBEDDED)


@pytest.mark.parametrize('onednn', [False, True], ids=['plain', 'onednn'])
@torch.inference_mode()
def test_the_embedded_network_gives_the_same_depth(embedded, onednn):
    folded = folded_of(embedded)
    if onednn:
        use_onednn(folded)
    for size in ((252, 336), (126, 98)):
        assert relative_error(embedded, folded, size) <= RELATIVE_TOLERANCE


@pytest.mark.parametrize('name', PUBLISHED)
@torch.inference_mode()
def test_networks_of_the_published_shapes_give_the_same_depth(name, spread_weights):
    hidden, layers, heads, out_indices, neck, fusion = PUBLISHED[name]
    config = PromptDepthAnythingConfig(
        backbone_config={
            'hidden_size': hidden,
            'num_hidden_layers': layers,
            'num_attention_heads': heads,
            'image_size': 518,
            'out_indices': out_indices,
            'reshape_hidden_states': False,
        },
        reassemble_hidden_size=hidden,
        neck_hidden_sizes=neck,
        fusion_hidden_size=fusion,
        depth_estimation_type='metric',
    )
    with torch.device('meta'):
        network = Network(config)
    network = spread_weights(network.to_empty(device='cpu').apply(_clear))
    assert relative_error(network, folded_of(network), (70, 98)) <= RELATIVE_TOLERANCE


def _clear(module: torch.nn.Module) -> None:
    for name, value in module.named_parameters(recurse=False):
        if value.ndim not in (2, 4):  # the weights of linear maps and convolutions are drawn next
            is_factor = name == 'lambda1' or isinstance(module, torch.nn.LayerNorm)
            value.fill_(float(is_factor and name != 'bias'))


def variants(config: PromptDepthAnythingConfig) -> list[PromptDepthAnythingConfig]:
    return [
        config,
        *(replace(config, backbone_config=replace(config.dinov2, **v)) for v in BACKBONE_VARIANTS),
        *(replace(config, **changes) for changes in NETWORK_VARIANTS),
        replace(
            config,
            backbone_config=replace(config.dinov2, out_indices=(1, 3)),
            neck_hidden_sizes=(8, 16),
            reassemble_factors=(2, 1),
        ),
        replace(
            config,
            backbone_config=replace(config.dinov2, patch_size=8, image_size=40),
            patch_size=8,
        ),
    ]


@pytest.mark.parametrize('number', range(len(BACKBONE_VARIANTS) + len(NETWORK_VARIANTS) + 3))
@torch.inference_mode()
def test_nothing_is_approximated_in_any_shape_of_network(number, tiny_config, spread_weights):
    """In float64, where rounding vanishes, the difference vanishes too; batches of 1 and 2."""
    network = spread_weights(Network(variants(tiny_config)[number])).double()
    folded = folded_of(network, precision=throughout(torch.float64))
    for size, batch in itertools.product(SIZES, (1, 2)):
        assert relative_error(network, folded, size, batch=batch) <= 1e-12


@pytest.mark.skipif(
    TorchVersion(torch.__version__) < '2.4', reason='no float16 convolutions on the CPU'
)
@pytest.mark.parametrize('space', DEPTH_SPACES)
@torch.inference_mode()
def test_a_body_in_half_precision_gives_metres_in_float32(network_in, space):
    network = network_in(space)
    picture, prompt_m = pixels(42, 70), prompt()
    exact = folded_of(network)(picture, prompt_m)
    half = folded_of(network, precision=FP16)(picture, prompt_m)
    assert half.dtype == torch.float32
    assert not torch.equal(half, half.half().float()), 'steps of 2 mm'
    assert (half - exact).abs().mean() < 2e-3


@torch.no_grad()  # in inference mode torch 2.2 counts nothing
def test_less_is_computed(embedded):
    """1x1 convolutions come before the scaling up, and after it there is one in place of two."""

    def operations(run) -> int:
        with FlopCounterMode(display=False) as counter:
            run()
        return counter.get_total_flops()

    # Where maps are scaled up the most, the most is to be saved; weights don't matter.
    network = Network(replace(embedded.config, reassemble_factors=(14, 7, 2, 1))).eval()
    picture, prompt_m = pixels(252, 336), prompt()
    folded = folded_of(network)
    whole = operations(lambda: network(normalised(picture), prompt_m))
    assert operations(lambda: folded(picture, prompt_m)) < 0.85 * whole
    encoded = folded.encode_prompt(prompt_m, (252, 336))
    assert operations(lambda: folded.predict(picture, encoded)) < 0.68 * whole


@torch.inference_mode()
def test_an_encoded_prompt_serves_other_images_of_its_size(tiny_network):
    folded = folded_of(tiny_network)
    encoded = folded.encode_prompt(prompt(), (42, 70))
    for batch in (2, 3):
        picture = pixels(42, 70, batch=batch)[:1]
        assert torch.equal(folded.predict(picture, encoded), folded(picture, prompt()))


@torch.inference_mode()
def test_maps_have_their_channels_last_in_memory(tiny_network):
    """Elsewhere every convolution would copy them."""
    folded = folded_of(tiny_network)
    maps = []
    for fusion in folded.decoder.fusions:
        fusion.register_forward_hook(lambda module, given, made: maps.extend((*given[1:3], made)))
    folded(pixels(42, 70), prompt())
    assert len(maps) == 3 * len(folded.decoder.fusions)
    assert all(m.is_contiguous(memory_format=torch.channels_last) for m in maps)


@torch.inference_mode()
def test_position_tables_are_kept_for_a_few_sizes(tiny_network):
    embeddings = folded_of(tiny_network).embeddings
    first = embeddings.table((3, 3))
    assert embeddings.table((3, 3)) is first
    sizes = [(3, width) for width in range(4, 4 + KEPT_TABLES)]
    tables = [embeddings.table(size) for size in sizes]
    again = [embeddings.table(size) is table for size, table in zip(sizes, tables, strict=True)]
    assert 1 + sum(again) == KEPT_TABLES
    assert embeddings.table((3, 3)) is first, 'a CUDA graph may read it'
    late = embeddings.table((5, 3))
    assert torch.equal(embeddings.table((5, 3)), late)
    assert embeddings.table((5, 3)) is not late


@torch.inference_mode()
def test_folding_leaves_the_network_as_it_was(tiny_network):
    before = {name: value.clone() for name, value in tiny_network.state_dict().items()}
    expected = tiny_network(normalised(pixels(42, 70)), prompt()).predicted_depth
    folded_of(tiny_network).to(torch.bfloat16)
    after = tiny_network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    actual = tiny_network(normalised(pixels(42, 70)), prompt()).predicted_depth
    assert torch.equal(actual, expected)


@torch.inference_mode()
def test_a_loaded_folder_takes_pixels_as_its_preprocessor_says(folder, tiny_network):
    picture, prompt_m = pixels(42, 70), prompt()
    expected = folded_of(tiny_network)(picture, prompt_m)
    assert torch.equal(load_folded(folder)(picture, prompt_m), expected)
    processor = PromptDepthAnythingImageProcessor(
        image_mean=0.5, image_std=(0.1, 0.2, 0.3), keep_aspect_ratio=True, ensure_multiple_of=14
    )
    processor.save_pretrained(folder)
    other = fold(tiny_network, image_mean=(0.5, 0.5, 0.5), image_std=(0.1, 0.2, 0.3))
    loaded = load_folded(folder)
    assert torch.equal(loaded(picture, prompt_m), other(picture, prompt_m))
    assert loaded.sha256 == load_network(folder).sha256


@pytest.mark.parametrize('space', DEPTH_SPACES)
@pytest.mark.parametrize('value', [float('nan'), float('inf'), 0.0, -1.0])
@torch.inference_mode()
def test_unknown_prompt_pixels_do_not_spread(network_in, value, space):
    prompt_m = prompt()
    prompt_m[:, :, 3, 4] = value
    assert folded_of(network_in(space))(pixels(42, 70), prompt_m).isfinite().all()


def test_linear_maps_take_onednn_where_it_fits(tiny_network, monkeypatch):
    def kinds(network) -> set[type]:
        return {type(m) for m in network.modules() if isinstance(m, torch.nn.Linear)}

    monkeypatch.setattr('platform.machine', lambda: 'x86_64')
    folded, half = folded_of(tiny_network), folded_of(tiny_network, precision=BF16)
    use_onednn(folded)
    use_onednn(half)
    assert kinds(folded) == {OneDnnLinear}
    assert kinds(half) == {torch.nn.Linear}
    monkeypatch.setattr('platform.machine', lambda: 'riscv64')
    foreign = folded_of(tiny_network)
    use_onednn(foreign)
    assert kinds(foreign) == {torch.nn.Linear}
