# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.tools.convert_checkpoint."""

from __future__ import annotations

import pickle

import pytest
import torch
from torch import Tensor
from torch.torch_version import TorchVersion

from promptda_ros.core.errors import ExitCode
from promptda_ros.network import load_network, PromptDepthAnythingImageProcessor
from promptda_ros.tools.convert_checkpoint import OLDEST_SAFE_TORCH
from promptda_ros.tools.main import main as promptda

pytestmark = pytest.mark.skipif(
    TorchVersion(torch.__version__) < OLDEST_SAFE_TORCH,
    reason='the converter refuses to work with this torch',
)
CHANNELS, NECK, FUSION, HEAD = 64, (4, 6, 8, 10), 8, 32


def main(argv: list[str]) -> int:
    return promptda(['convert_checkpoint', *argv])


def original(*, depth: int = 12, swiglu: bool = False) -> dict[str, Tensor]:
    """Random tensors under the names and in the shapes of a PromptDA checkpoint."""
    torch.manual_seed(3)
    state: dict[str, Tensor] = {}

    def add(name: str, *shape: int) -> None:
        state[name] = torch.randn(shape) * 0.1

    def add_module(name: str, *shape: int) -> None:
        add(f'{name}.weight', *shape)
        add(f'{name}.bias', shape[0])

    state['_mean'], state['_std'] = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    add('pretrained.cls_token', 1, 1, CHANNELS)
    add('pretrained.mask_token', 1, CHANNELS)
    add('pretrained.pos_embed', 1, 17, CHANNELS)
    add_module('pretrained.patch_embed.proj', CHANNELS, 3, 14, 14)
    for layer in range(depth):
        block = f'pretrained.blocks.{layer}'
        for name in ('norm1', 'norm2'):
            add_module(f'{block}.{name}', CHANNELS)
        for name in ('ls1', 'ls2'):
            add(f'{block}.{name}.gamma', CHANNELS)
        add_module(f'{block}.attn.qkv', 3 * CHANNELS, CHANNELS)
        add_module(f'{block}.attn.proj', CHANNELS, CHANNELS)
        if swiglu:
            add_module(f'{block}.mlp.w12', 2 * 176, CHANNELS)
            add_module(f'{block}.mlp.w3', CHANNELS, 176)
        else:
            add_module(f'{block}.mlp.fc1', 4 * CHANNELS, CHANNELS)
            add_module(f'{block}.mlp.fc2', CHANNELS, 4 * CHANNELS)
    add_module('pretrained.norm', CHANNELS)
    for stage, (channels, kernel) in enumerate(zip(NECK, (4, 2, 0, 3), strict=True)):
        add_module(f'depth_head.projects.{stage}', channels, CHANNELS, 1, 1)
        if kernel:
            add_module(f'depth_head.resize_layers.{stage}', channels, channels, kernel, kernel)
        scratch = 'depth_head.scratch'
        add(f'{scratch}.layer{stage + 1}_rn.weight', FUSION, channels, 3, 3)
        refine = f'{scratch}.refinenet{stage + 1}'
        add_module(f'{refine}.out_conv', FUSION, FUSION, 1, 1)
        for unit in ('resConfUnit1', 'resConfUnit2'):
            for convolution in ('conv1', 'conv2'):
                add_module(f'{refine}.{unit}.{convolution}', FUSION, FUSION, 3, 3)
        for place, seen in ((0, 1), (2, FUSION), (4, FUSION)):
            add_module(f'{refine}.resConfUnit_depth.{place}', FUSION, seen, 3, 3)
    add_module('depth_head.scratch.output_conv1', FUSION // 2, FUSION, 3, 3)
    add_module('depth_head.scratch.output_conv2.0', HEAD, FUSION // 2, 3, 3)
    add_module('depth_head.scratch.output_conv2.2', 1, HEAD, 1, 1)
    return state


def save(path, state, *, prefix: str = 'pipeline.') -> str:
    renamed = {f'{prefix}{name}': value for name, value in state.items()}
    torch.save({'epoch': 3, 'state_dict': renamed}, path)
    return str(path)


@pytest.fixture(scope='module')
def converted(tmp_path_factory):
    """A folder made from the tensors of `original()`."""
    folder = tmp_path_factory.mktemp('converted')
    assert main([save(folder / 'model.ckpt', original()), str(folder / 'out')]) == 0
    return folder / 'out'


def refusal(capsys, *argv: str, code: ExitCode = ExitCode.MODEL_OR_DEVICE) -> str:
    assert main([*map(str, argv)]) == code
    return capsys.readouterr().err


def test_a_checkpoint_becomes_a_folder_that_loads(tmp_path, capsys):
    assert main([save(tmp_path / 'model.ckpt', original()), str(tmp_path / 'vits')]) == 0
    told = capsys.readouterr().out
    assert f'{tmp_path / "vits"} is ready' in told
    assert 'transformers interpolates the position table in another way' in told
    config = load_network(tmp_path / 'vits').config
    assert config.depth_estimation_type == 'metric'
    assert config.neck_hidden_sizes == NECK
    assert config.fusion_hidden_size == FUSION
    assert config.dinov2.out_indices == (3, 6, 9, 12)
    assert config.dinov2.num_attention_heads == 1
    assert config.dinov2.image_size == 4 * 14


def test_the_original_interpolation_is_kept(converted):
    """The network was trained with it; published folders are run with another."""
    assert load_network(converted).config.dinov2.position_interpolation == 'original'


def test_pictures_are_prepared_as_for_the_published_networks(converted):
    processor = PromptDepthAnythingImageProcessor.from_pretrained(converted)
    assert processor.size == {'height': 756, 'width': 756}
    assert processor.image_mean == (0.485, 0.456, 0.406)
    assert processor.ensure_multiple_of == 14


@pytest.mark.parametrize(
    'before, after',
    [
        ('pretrained.pos_embed', 'backbone.embeddings.position_embeddings'),
        (
            'pretrained.patch_embed.proj.bias',
            'backbone.embeddings.patch_embeddings.projection.bias',
        ),
        ('pretrained.blocks.7.ls2.gamma', 'backbone.encoder.layer.7.layer_scale2.lambda1'),
        (
            'pretrained.blocks.11.attn.proj.weight',
            'backbone.encoder.layer.11.attention.output.dense.weight',
        ),
        ('pretrained.blocks.1.mlp.fc2.bias', 'backbone.encoder.layer.1.mlp.fc2.bias'),
        ('pretrained.norm.weight', 'backbone.layernorm.weight'),
        ('depth_head.projects.2.bias', 'neck.reassemble_stage.layers.2.projection.bias'),
        ('depth_head.resize_layers.3.weight', 'neck.reassemble_stage.layers.3.resize.weight'),
        ('depth_head.scratch.layer1_rn.weight', 'neck.convs.0.weight'),
        (
            'depth_head.scratch.refinenet4.out_conv.bias',
            'neck.fusion_stage.layers.0.projection.bias',
        ),
        (
            'depth_head.scratch.refinenet1.resConfUnit1.conv2.weight',
            'neck.fusion_stage.layers.3.residual_layer1.convolution2.weight',
        ),
        (
            'depth_head.scratch.refinenet2.resConfUnit_depth.4.bias',
            'neck.fusion_stage.layers.2.prompt_depth_layer.convolution3.bias',
        ),
        ('depth_head.scratch.output_conv2.2.weight', 'head.conv3.weight'),
    ],
)
def test_every_tensor_lands_where_the_published_folders_have_it(converted, before, after):
    assert torch.equal(load_network(converted).state_dict()[after], original()[before])


def test_query_key_and_value_are_the_thirds_of_one_tensor(converted):
    weights = load_network(converted).state_dict()
    for kind in ('weight', 'bias'):
        thirds = [
            weights[f'backbone.encoder.layer.5.attention.attention.{part}.{kind}']
            for part in ('query', 'key', 'value')
        ]
        assert torch.equal(torch.cat(thirds), original()[f'pretrained.blocks.5.attn.qkv.{kind}'])


def test_gated_layers_of_the_giant_are_recognised(tmp_path):
    state = original(depth=40, swiglu=True)
    assert main([save(tmp_path / 'model.ckpt', state), str(tmp_path / 'out')]) == 0
    network = load_network(tmp_path / 'out')
    assert network.config.dinov2.use_swiglu_ffn
    assert network.config.dinov2.out_indices == (10, 20, 30, 40)
    gated = network.state_dict()['backbone.encoder.layer.39.mlp.weights_in.weight']
    assert torch.equal(gated, state['pretrained.blocks.39.mlp.w12.weight'])


def test_any_prefix_and_none_are_taken_and_half_precision_too(tmp_path):
    half = {name: value.half() for name, value in original().items()}
    assert main([save(tmp_path / 'a.ckpt', half, prefix='model.net.'), str(tmp_path / 'a')]) == 0
    torch.save(original(), tmp_path / 'b.pth')
    assert main([str(tmp_path / 'b.pth'), str(tmp_path / 'b')]) == 0
    assert load_network(tmp_path / 'a').head.conv1.weight.dtype == torch.float32


class Payload:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), 'w')


@pytest.mark.parametrize('write', [pickle.dump, torch.save], ids=['pickle', 'torch'])
def test_code_in_a_checkpoint_is_not_run(tmp_path, capsys, write):
    """B4: the payload would make a file."""
    with (tmp_path / 'model.ckpt').open('wb') as file:
        write({'state_dict': {'pipeline.pretrained.cls_token': Payload(tmp_path / 'ran')}}, file)
    message = refusal(capsys, tmp_path / 'model.ckpt', tmp_path / 'out')
    assert 'holds more than tensors, and was not opened' in message
    assert not (tmp_path / 'ran').exists()
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('version', ['2.9.1', '2.9.1+cu126', '2.2.0', '2.10.0a0+git1'])
def test_a_torch_that_cannot_open_pickles_safely_is_refused(
    tmp_path, capsys, monkeypatch, version
):
    """Security: CVE-2026-24747 is in every torch before 2.10."""
    monkeypatch.setattr(torch, '__version__', version)
    monkeypatch.setattr(torch, 'load', lambda *args, **kwargs: pytest.fail('opened'))
    message = refusal(capsys, tmp_path / 'model.ckpt', tmp_path / 'out')
    assert f'torch {version} cannot open checkpoints safely' in message
    assert 'pip install "torch>=2.10.0"' in message


def test_a_missing_checkpoint_is_named(tmp_path, capsys):
    words = (tmp_path / 'gone.ckpt', tmp_path / 'out')
    assert 'gone.ckpt cannot be read: No such file' in refusal(
        capsys, *words, code=ExitCode.CONFIGURATION
    )


@pytest.mark.parametrize(
    'content', [b'', b'<html>', b'\x89PNG', bytes(100), b'PK\x03\x04' + bytes(60)]
)
def test_a_damaged_checkpoint_is_named(tmp_path, capsys, content):
    (tmp_path / 'model.ckpt').write_bytes(content)
    message = refusal(capsys, tmp_path / 'model.ckpt', tmp_path / 'out')
    assert 'model.ckpt is damaged' in message
    assert 'weights_only' not in message, 'what torch advises runs the code in the file'


def test_folders_are_never_overwritten(tmp_path, capsys):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'mine.txt').touch()
    words = (save(tmp_path / 'model.ckpt', original()), tmp_path / 'out')
    message = refusal(capsys, *words, code=ExitCode.CONFIGURATION)
    assert f'{tmp_path / "out"} has files already' in message


@pytest.mark.parametrize(
    'change, words',
    [
        (lambda state: state.pop('pretrained.cls_token'), 'is no PromptDA checkpoint'),
        (lambda state: state.pop('pretrained.blocks.0.norm1.weight'), '11 transformer layers'),
        (lambda state: state.pop('pretrained.pos_embed'), "lacks 'pretrained.pos_embed'"),
        (lambda state: state.update({'depth_head.x.bias': torch.zeros(1)}), 'depth_head.x.bias'),
        (lambda state: state.pop('pretrained.norm.bias'), 'backbone.layernorm.bias'),
    ],
)
def test_other_networks_are_refused(tmp_path, capsys, change, words):
    state = original()
    change(state)
    message = refusal(capsys, save(tmp_path / 'model.ckpt', state), tmp_path / 'out')
    assert words in message
    assert not (tmp_path / 'out').exists()


def test_weights_that_are_not_finite_leave_no_folder(tmp_path, capsys):
    """B6."""
    state = original()
    state['pretrained.norm.bias'][3] = float('nan')
    message = refusal(capsys, save(tmp_path / 'model.ckpt', state), tmp_path / 'new' / 'out')
    assert 'NaN or infinite weights, first in backbone.layernorm.bias' in message
    assert not (tmp_path / 'new').exists()


def test_tensors_outside_the_prefix_are_refused(tmp_path, capsys):
    renamed = {f'net.{name}': value for name, value in original().items()}
    torch.save({'state_dict': {**renamed, 'teacher.w': torch.zeros(1)}}, tmp_path / 'model.ckpt')
    message = refusal(capsys, tmp_path / 'model.ckpt', tmp_path / 'out')
    assert "outside 'net.', first teacher.w" in message


@pytest.mark.parametrize('content', [torch.zeros(3), {'state_dict': 3}, {3: torch.zeros(3)}, []])
def test_files_that_hold_no_weights_are_refused(tmp_path, capsys, content):
    torch.save(content, tmp_path / 'model.ckpt')
    assert 'no PromptDA checkpoint' in refusal(capsys, tmp_path / 'model.ckpt', tmp_path / 'out')


def test_the_help_says_what_is_made(capsys):
    assert main(['--help']) == 0
    assert 'to a model folder' in ' '.join(capsys.readouterr().out.split())
