# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Our network against the one of transformers: equal weights and inputs, equal outputs."""

from __future__ import annotations

import itertools

import pytest
import torch

from promptda_ros.network import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation

transformers = pytest.importorskip('transformers')
Ours = PromptDepthAnythingForDepthEstimation
Theirs = transformers.PromptDepthAnythingForDepthEstimation

TOLERANCE = 1e-5
SIZES = ((70, 70), (42, 56), (56, 28))  # 70 pixels: the position table of the small ones as it is
# Real checkpoints: hidden size, layers, heads, asked layers, channels of the neck, of the fusion.
REAL = {
    'vits': (384, 12, 6, (3, 6, 9, 12), (48, 96, 192, 384), 64),
    'vitl': (1024, 24, 16, (5, 12, 18, 24), (256, 512, 1024, 1024), 256),
}
SMALL = {
    'vitb': (96, 12, 12, (3, 6, 9, 12), (12, 24, 48, 96), 16),
    'vitg': (48, 4, 6, (1, 2, 3, 4), (48, 48, 48, 48), 12),
}
# transformers renames some tensors while it loads; files keep the names on the left.
RENAMED = (
    ('attention.attention.query', 'attention.q_proj'),
    ('attention.attention.key', 'attention.k_proj'),
    ('attention.attention.value', 'attention.v_proj'),
    ('attention.output.dense', 'attention.o_proj'),
    ('mlp.weights_out', 'mlp.down_proj'),
)


def config_of(name: str, **changes) -> PromptDepthAnythingConfig:
    hidden, layers, heads, out_indices, neck, fusion = {**REAL, **SMALL}[name]
    backbone = {
        'hidden_size': hidden,
        'num_hidden_layers': layers,
        'num_attention_heads': heads,
        'image_size': 518 if name in REAL else 70,
        'use_swiglu_ffn': name == 'vitg',
        'out_indices': out_indices,
        'reshape_hidden_states': False,
    }
    values = {
        'backbone_config': backbone,
        'reassemble_hidden_size': hidden,
        'neck_hidden_sizes': neck,
        'fusion_hidden_size': fusion,
        'depth_estimation_type': 'metric',
    }
    backbone.update(changes.pop('backbone', {}))
    return PromptDepthAnythingConfig(**{**values, **changes})


def theirs_with_weights_of(ours: Ours) -> torch.nn.Module:
    """Build the network of transformers around the very same tensors."""
    with torch.device('meta'):
        theirs = Theirs(
            transformers.PromptDepthAnythingConfig(**ours.config.to_dict()),
        )
    theirs.set_attn_implementation('eager')
    weights = {}
    for name, value in ours.state_dict().items():
        for old, new in RENAMED:
            name = name.replace(old, new)
        if 'mlp.weights_in' in name:
            for part, half in zip(('gate', 'up'), value.chunk(2), strict=True):
                weights[name.replace('weights_in', f'{part}_proj')] = half
        else:
            weights[name] = value
    theirs.load_state_dict(weights, assign=True)
    return theirs.eval()


@pytest.fixture(scope='module')
def pair(request, spread_weights):
    with torch.device('meta'):
        ours = Ours(config_of(request.param))
    ours = spread_weights(ours.to_empty(device='cpu').apply(_clear))
    return ours, theirs_with_weights_of(ours)


def _clear(module: torch.nn.Module) -> None:
    for value in module.parameters(recurse=False):
        if value.ndim not in (2, 4):  # the weights of linear maps and convolutions are drawn next
            torch.nn.init.zeros_(value)
    if isinstance(module, torch.nn.LayerNorm) or hasattr(module, 'lambda1'):
        torch.nn.init.ones_(next(module.parameters()))


def inputs(size: tuple[int, int], batch: int, *, prompted: bool) -> dict[str, torch.Tensor]:
    torch.manual_seed(batch)
    values = {'pixel_values': torch.randn(batch, 3, *size)}
    if prompted:
        values['prompt_depth'] = 0.4 + 3 * torch.rand(batch, 1, 24, 32)
    return values


def difference(ours, theirs) -> float:
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    return (ours - theirs).abs().max().item()


@pytest.mark.parametrize('pair', [*REAL, *SMALL], indirect=True)
@torch.no_grad()
def test_every_output_equals_theirs(pair):
    """3 sizes, batch 1 and 2, with and without prompt: depth, hidden states and attentions."""
    ours, theirs = pair
    asked = {'output_hidden_states': True, 'output_attentions': True}
    for size, batch, prompted in itertools.product(SIZES, (1, 2), (False, True)):
        values = inputs(size, batch, prompted=prompted)
        expected = theirs(**values, **asked)
        actual = ours(**values, **asked)
        assert expected.predicted_depth.std() > 0.03, 'a flat output would prove nothing'
        assert difference(actual.predicted_depth, expected.predicted_depth) <= TOLERANCE
        for name in ('hidden_states', 'attentions'):
            found, wanted = getattr(actual, name), getattr(expected, name)
            assert len(found) == len(wanted)
            assert max(map(difference, found, wanted)) <= TOLERANCE


@torch.no_grad()
def test_fused_attention_equals_theirs_and_the_plain_one(spread_weights):
    """Without attentions asked for, ours takes the fused kernels."""
    for name in SMALL:
        ours = spread_weights(Ours(config_of(name)))
        theirs = theirs_with_weights_of(ours)
        theirs.backbone.set_attn_implementation('sdpa')
        for size in SIZES:
            values = inputs(size, 2, prompted=True)
            fused = ours(**values).predicted_depth
            plain = ours(**values, output_attentions=True).predicted_depth
            assert difference(fused, theirs(**values).predicted_depth) <= TOLERANCE
            assert difference(fused, plain) <= TOLERANCE


@pytest.mark.parametrize(
    'changes',
    [
        {'depth_estimation_type': 'relative', 'max_depth': 20},
        {'head_in_index': 1, 'head_hidden_size': 7},
        {'reassemble_factors': (2, 1, 1, 0.5)},
        {'backbone': {'patch_size': 8, 'image_size': 40}, 'patch_size': 8},
        {'backbone': {'apply_layernorm': False, 'qkv_bias': False, 'hidden_act': 'relu'}},
        {'backbone': {'use_mask_token': False, 'mlp_ratio': 2, 'layer_norm_eps': 1e-3}},
        {'backbone': {'out_indices': (0, 1, 2, 4)}},
        {'backbone': {'out_indices': (-4, -3, -2, -1), 'hidden_act': 'silu'}},
        {
            'backbone': {'out_indices': (1, 3)},
            'neck_hidden_sizes': (8, 16),
            'reassemble_factors': (2, 1),
        },
    ],
    ids=str,
)
@torch.no_grad()
def test_every_field_that_shapes_the_network_acts_as_in_theirs(changes, spread_weights):
    ours = spread_weights(
        Ours(config_of('vitg', **{'backbone': {'use_swiglu_ffn': False}, **changes}))
    )
    theirs = theirs_with_weights_of(ours)
    for size, prompted in itertools.product(((80, 80), (60, 97)), (False, True)):
        values = inputs(size, 2, prompted=prompted)
        found, wanted = ours(**values), theirs(**values)
        assert difference(found.predicted_depth, wanted.predicted_depth) <= TOLERANCE


@torch.no_grad()
def test_a_folder_saved_by_us_loads_in_transformers(tmp_path, spread_weights):
    for name in SMALL:
        ours = spread_weights(Ours(config_of(name)))
        ours.save_pretrained(tmp_path / name)
        theirs, report = Theirs.from_pretrained(tmp_path / name, output_loading_info=True)
        assert not any(report[kind] for kind in ('missing_keys', 'unexpected_keys'))
        values = inputs((70, 56), 1, prompted=True)
        found, wanted = ours(**values), theirs.eval()(**values)
        assert difference(found.predicted_depth, wanted.predicted_depth) <= TOLERANCE


@torch.no_grad()
def test_a_log_network_is_theirs_between_a_logarithm_and_its_inverse(tmp_path, spread_weights):
    """As the card of the embedded network says; they ignore depth_space."""
    name = next(iter(SMALL))
    ours = spread_weights(Ours(config_of(name, depth_space='log')))
    ours.save_pretrained(tmp_path / name)
    theirs = Theirs.from_pretrained(tmp_path / name).eval()
    values = inputs((70, 56), 1, prompted=True)
    prompt_m = values.pop('prompt_depth')
    wanted_m = theirs(**values, prompt_depth=prompt_m.log()).predicted_depth.exp()
    found_m = ours(**values, prompt_depth=prompt_m).predicted_depth
    torch.testing.assert_close(found_m, wanted_m, rtol=10 * TOLERANCE, atol=0)
    left_out = theirs(**values, prompt_depth=prompt_m).predicted_depth
    assert difference(left_out, wanted_m) > 1000 * TOLERANCE


@torch.no_grad()
def test_a_folder_saved_by_transformers_loads_here(tmp_path):
    for name in SMALL:
        config = transformers.PromptDepthAnythingConfig(**config_of(name).to_dict())
        theirs = Theirs(config).eval()
        theirs.save_pretrained(tmp_path / name)
        ours = Ours.from_pretrained(tmp_path / name)
        values = inputs((70, 56), 1, prompted=True)
        found, wanted = ours(**values), theirs(**values)
        assert difference(found.predicted_depth, wanted.predicted_depth) <= TOLERANCE


def test_the_default_configs_describe_the_same_network():
    ours = PromptDepthAnythingConfig()
    theirs = transformers.PromptDepthAnythingConfig()
    assert PromptDepthAnythingConfig.from_dict({**theirs.to_dict(), 'max_depth': None}) == ours


@pytest.mark.parametrize('flag', ['return_dict', 'output_hidden_states', 'output_attentions'])
@torch.no_grad()
def test_outputs_come_in_the_order_of_theirs(flag, spread_weights):
    ours = spread_weights(Ours(config_of('vitg')))
    theirs = theirs_with_weights_of(ours)
    values = {**inputs((56, 70), 1, prompted=True), 'return_dict': False, flag: flag[0] == 'o'}
    found, wanted = ours(**values), theirs(**values)
    assert isinstance(found, tuple)
    assert len(found) == len(wanted)
    for mine, other in zip(found, wanted, strict=True):
        assert isinstance(mine, tuple) == isinstance(other, tuple)


@pytest.mark.parametrize('spoilt', ['constant', 'nan', 'inf', '-inf'])
@torch.no_grad()
def test_depth_is_finite_where_theirs_is_nan(spoilt, spread_weights):
    """One NaN or infinite prompt pixel, or a prompt of one value, turns all of theirs to NaN."""
    ours = spread_weights(Ours(config_of('vitg')))
    values = inputs((56, 70), 2, prompted=True)
    if spoilt == 'constant':
        values['prompt_depth'][:] = 1.5
    else:
        values['prompt_depth'][:, :, 3, 4] = float(spoilt)
    assert not theirs_with_weights_of(ours)(**values).predicted_depth.isfinite().any()
    assert ours(**values).predicted_depth.isfinite().all()
