# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Code written for transformers runs with only the import changed, and gives the same."""

from __future__ import annotations

from collections.abc import Callable
import inspect
from pathlib import Path
import pickle
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image
import pytest
import torch
from torch.utils import _pytree

from promptda_ros import network as ours
from promptda_ros.network import CheckpointError, DepthEstimatorOutput, PromptDepthAnythingConfig

transformers = pytest.importorskip('transformers')
Network = ours.PromptDepthAnythingForDepthEstimation
BOTH = pytest.mark.parametrize('library', [ours, transformers], ids=['ours', 'theirs'])
# Keywords of theirs that ask for another kind of file or network, and are refused here.
REFUSED = {'fusion_config', 'distributed_checkpoint', 'save_peft_format'}


@pytest.fixture
def whole(folder: Path) -> Path:
    """A folder with a preparation of pictures."""
    ours.PromptDepthAnythingImageProcessor(
        size=56, keep_aspect_ratio=True, ensure_multiple_of=14
    ).save_pretrained(folder)
    return folder


def documented(library: ModuleType, folder: Path, **words: Any) -> torch.Tensor:
    """The example of the model's page, on pictures of ours."""
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (48, 64, 3), np.uint8))
    prompt_depth = Image.fromarray(random.integers(500, 1500, (12, 16), np.uint16))
    image_processor = library.AutoImageProcessor.from_pretrained(folder, use_fast=False)
    model = library.AutoModelForDepthEstimation.from_pretrained(folder, **words)
    inputs = image_processor(images=image, return_tensors='pt', prompt_depth=prompt_depth)
    inputs.to(model.device)
    with torch.no_grad():
        outputs = model(**inputs)
    (found,) = image_processor.post_process_depth_estimation(
        outputs, target_sizes=[(image.height, image.width)]
    )
    return found['predicted_depth']


@pytest.mark.parametrize(
    'words',
    [
        {},
        {'dtype': 'auto'},
        {'dtype': torch.float32, 'local_files_only': True, 'revision': 'main', 'token': None},
        {'use_safetensors': True, 'low_cpu_mem_usage': True, 'attn_implementation': 'eager'},
    ],
    ids=str,
)
def test_the_documented_example_gives_the_same(whole, words):
    expected = documented(transformers, whole, **words)
    found = documented(ours, whole, **words)
    assert found.shape == expected.shape == (48, 64)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize('place', ['auto', 'cpu', torch.device('cpu'), {'': 'cpu'}, None], ids=str)
def test_a_device_map_places_the_whole_network(whole, place):
    """Theirs needs accelerate for it."""
    expected = documented(ours, whole)
    torch.testing.assert_close(documented(ours, whole, device_map=place).cpu(), expected)


def test_a_network_is_not_divided(whole):
    with pytest.raises(ValueError, match=r'device_map is .*the network is not divided'):
        Network.from_pretrained(whole, device_map={'backbone': 'cpu', 'neck': 'cpu'})


@pytest.mark.parametrize('name', ['dtype', 'torch_dtype'])
@pytest.mark.parametrize('wanted', [torch.float16, 'float16', 'torch.bfloat16', 'auto', None])
def test_the_number_format_is_honoured(tiny_network, folder, name, wanted):
    tiny_network.half().save_pretrained(folder)
    found = Network.from_pretrained(folder, **{name: wanted}).dtype
    stored = {'auto': 'float16', None: 'float32'}
    assert str(found) == f'torch.{str(stored.get(wanted, wanted)).removeprefix("torch.")}'


@pytest.mark.parametrize('wanted', ['int8', 'half', torch.int64, 3])
def test_a_number_format_that_is_none_is_refused(folder, wanted):
    with pytest.raises(ValueError, match=r"dtype is .*must be 'auto' or one of float32"):
        Network.from_pretrained(folder, dtype=wanted)


KINDS = [
    ('PromptDepthAnythingForDepthEstimation', 'from_pretrained'),
    ('PromptDepthAnythingForDepthEstimation', 'save_pretrained'),
    ('PromptDepthAnythingConfig', 'from_pretrained'),
    ('PromptDepthAnythingConfig', 'save_pretrained'),
    ('PromptDepthAnythingImageProcessor', 'from_pretrained'),
    ('PromptDepthAnythingImageProcessor', 'save_pretrained'),
]


@pytest.mark.parametrize('kind, method', KINDS)
def test_every_keyword_of_theirs_is_taken_with_its_default(whole, tmp_path, kind, method):
    signature = inspect.signature(getattr(getattr(transformers, kind), method))
    words = {
        name: word.default
        for name, word in signature.parameters.items()
        if word.default is not inspect.Parameter.empty and name not in REFUSED
    }
    target = getattr(ours, kind)
    if method == 'from_pretrained':
        assert target.from_pretrained(pretrained_model_name_or_path=whole, **words)
    else:
        target.from_pretrained(whole).save_pretrained(save_directory=tmp_path / 'new', **words)
        assert any((tmp_path / 'new').iterdir())


@pytest.mark.parametrize(
    'words, message',
    [
        ({'hidden_states': True}, 'has no hidden_states .* did you mean output_hidden_states'),
        ({'ignore_mismatched_sizes': True}, 'ignore_mismatched_sizes is True'),
        ({'use_safetensors': False}, 'use_safetensors is False'),
        ({'variant': 'fp16'}, "variant is 'fp16'"),
        ({'patch_size': 16}, 'patch_size is 16'),
    ],
)
def test_words_that_are_unknown_or_would_be_missed_are_refused(folder, words, message):
    with pytest.raises(ValueError, match=message):
        Network.from_pretrained(folder, **words)


def test_words_of_the_config_change_it(folder, tmp_path):
    network = Network.from_pretrained(folder, output_hidden_states=True, return_dict=False)
    assert len(network(torch.zeros(1, 3, 28, 28))) == 2
    config = PromptDepthAnythingConfig.from_pretrained(folder, max_depth=4, num_labels=3)
    assert (config.max_depth, config.num_labels) == (4, 3)
    assert Network.from_pretrained(folder, config=config).config.max_depth == 4
    (tmp_path / 'outer').mkdir()
    folder.rename(tmp_path / 'outer' / 'inner')
    assert Network.from_pretrained(tmp_path / 'outer', subfolder='inner').dtype == torch.float32


@BOTH
def test_networks_answer_what_callers_ask(folder, library):
    network = library.PromptDepthAnythingForDepthEstimation.from_pretrained(folder)
    weights = sum(value.numel() for value in network.parameters())
    assert network.num_parameters() == weights
    assert network.get_memory_footprint() == 4 * weights
    assert (network.device, network.dtype) == (torch.device('cpu'), torch.float32)
    assert network.config_class is library.PromptDepthAnythingConfig
    assert network.main_input_name == 'pixel_values'
    assert not network.can_generate()
    network.head.requires_grad_(False)
    assert network.num_parameters(only_trainable=True) < weights
    made = library.AutoModelForDepthEstimation.from_config(network.config, dtype=torch.float16)
    assert made.dtype == torch.float16


@BOTH
def test_a_network_is_made_of_weights_in_memory(tiny_network, folder, library):
    kind = library.PromptDepthAnythingForDepthEstimation
    network, report = kind.from_pretrained(folder, output_loading_info=True)
    assert not report['missing_keys']
    config, weights = network.config, network.state_dict()
    again = kind.from_pretrained(None, config=config, state_dict=weights)
    for name, value in again.state_dict().items():
        assert torch.equal(value, weights[name])


def test_weights_in_memory_are_checked_as_strictly(tiny_network):
    weights = {**tiny_network.state_dict(), 'more': torch.zeros(1)}
    with pytest.raises(CheckpointError, match='more is not part of the network'):
        Network.from_pretrained(None, config=tiny_network.config, state_dict=weights)
    with pytest.raises(
        ValueError, match='pretrained_model_name_or_path is None, must be a folder'
    ):
        Network.from_pretrained(None)


@BOTH
def test_configs_answer_what_callers_ask(tmp_path, library):
    config = library.PromptDepthAnythingConfig(num_labels=5, head_hidden_size=16)
    assert config.model_type == 'prompt_depth_anything'
    assert config.use_return_dict
    assert config.num_labels == len(config.id2label) == len(config.label2id) == 5
    config.num_labels = 3
    assert config.id2label == {0: 'LABEL_0', 1: 'LABEL_1', 2: 'LABEL_2'}
    assert config.to_diff_dict()['head_hidden_size'] == 16
    config.to_json_file(tmp_path / 'any.json')
    again = library.PromptDepthAnythingConfig.from_json_file(tmp_path / 'any.json')
    assert again.to_dict() == config.to_dict()
    changed = library.PromptDepthAnythingConfig.from_dict(config.to_dict(), head_hidden_size=8)
    assert changed.head_hidden_size == 8
    backbone = library.Dinov2Config(num_hidden_layers=4, out_features=['stage2', 'stage4'])
    assert list(backbone.out_indices) == [2, 4]
    config.output_hidden_states = True
    assert config.output_hidden_states


def test_more_factors_than_maps_are_left_over_as_in_theirs(spread_weights):
    shape = {'hidden_size': 12, 'num_attention_heads': 2, 'num_hidden_layers': 2}
    config = PromptDepthAnythingConfig(
        backbone_config={**shape, 'out_indices': [1, 2], 'reshape_hidden_states': False},
        reassemble_hidden_size=12,
        neck_hidden_sizes=[4, 4],
        fusion_hidden_size=6,
    )
    network = spread_weights(Network(config))
    assert network(torch.zeros(1, 3, 28, 28)).predicted_depth.shape == (1, 28, 28)


@BOTH
def test_processors_answer_what_callers_ask(whole, tmp_path, library):
    kind = library.AutoImageProcessor
    processor = kind.from_pretrained(whole, use_fast=False, do_normalize=False)
    assert not processor.do_normalize
    assert processor.size == {'height': 56, 'width': 56}
    assert processor.model_input_names == ['pixel_values', 'prompt_depth']
    processor.size = {'height': 28, 'width': 42}
    processor.do_resize = True
    processor.to_json_file(tmp_path / 'any.json')
    assert '"height": 28' in processor.to_json_string()
    array = np.zeros((56, 84, 3), np.uint8)
    inputs = processor(array, do_convert_rgb=False, device='cpu', return_tensors='pt')
    assert inputs['pixel_values'].shape == (1, 3, 28, 42)


def test_processors_are_checked_when_they_are_changed():
    processor = ours.PromptDepthAnythingImageProcessor()
    with pytest.raises(ValueError, match=r"size.'height'. is -5"):
        processor.size['height'] = -5
    with pytest.raises(ValueError, match=r'size is .*, must be'):
        processor.size = {'height': 3}
    with pytest.raises(ValueError, match=r'has no sizes .*; did you mean size'):
        processor.sizes = 3
    assert processor.size == {'height': 384, 'width': 384}


def test_the_kind_of_processor_is_looked_at(whole):
    text = (whole / 'preprocessor_config.json').read_text()
    text = text.replace('PromptDepthAnythingImageProcessor', 'DPTImageProcessor')
    (whole / 'preprocessor_config.json').write_text(text)
    with pytest.raises(CheckpointError, match="image_processor_type is 'DPTImageProcessor'"):
        ours.AutoImageProcessor.from_pretrained(whole)


@BOTH
def test_a_folder_that_is_missing_is_an_os_error(library):
    """What callers of theirs catch."""
    with pytest.raises(OSError, match='gone'):
        library.PromptDepthAnythingForDepthEstimation.from_pretrained('./gone')


@BOTH
def test_batches_are_mappings_that_move_in_place(library):
    values = {'pixel_values': [[0.5, 1.5]], 'sizes': [[3, 4]], 'names': ['a']}
    batch = library.BatchFeature(values, tensor_type='pt')
    assert batch.to(torch.float16) is batch
    assert batch.pixel_values.dtype == torch.float16
    assert batch['sizes'].dtype == torch.int64
    assert batch['names'] == ['a']
    assert list(batch) == list(batch.data) == ['pixel_values', 'sizes', 'names']
    assert {**batch}['sizes'].tolist() == [[3, 4]]
    arrays = library.BatchFeature({'depth': [np.ones(2), np.ones(2)]}).convert_to_tensors('np')
    assert arrays['depth'].shape == (2, 2)
    assert pickle.loads(pickle.dumps(batch)).pixel_values.tolist() == [[0.5, 1.5]]
    with pytest.raises(AttributeError):
        _ = batch.gone


@BOTH
def test_outputs_are_ordered_mappings_known_to_torch(library):
    kind = library.modeling_outputs.DepthEstimatorOutput if library is transformers else None
    depth, states = torch.ones(1, 2, 2), (torch.zeros(1), torch.ones(1))
    output = (kind or DepthEstimatorOutput)(predicted_depth=depth, hidden_states=states)
    assert list(output) == list(output.keys()) == ['predicted_depth', 'hidden_states']
    assert len(output) == 2
    assert dict(output)['predicted_depth'] is {**output}['predicted_depth'] is depth
    assert output.get('loss') is output.loss is output.attentions is None
    assert output[0] is output['predicted_depth'] is output.to_tuple()[0] is depth
    assert output[1:] == (states,)
    output['loss'] = output.attentions = depth
    assert output.loss is output['attentions'] is depth
    leaves, structure = _pytree.tree_flatten(output)
    assert len(leaves) == 5
    again = _pytree.tree_unflatten(leaves, structure)
    assert type(again) is type(output)
    assert set(again) == set(output)
    loaded = pickle.loads(pickle.dumps(output))
    assert set(loaded) == set(output)
    with pytest.raises(KeyError):
        _ = output['gone']
    with pytest.raises(AttributeError):
        _ = output.gone


def inputs(batch: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(batch)
    return torch.randn(batch, 3, height, width), 1 + torch.rand(batch, 1, 12, 16)


EXAMPLE, OTHERS = (2, 56, 70), ((3, 84, 42), (2, 56, 56))


def assert_same(network: Network, other: Callable[..., Any], *sizes: tuple[int, int, int]) -> None:
    for size in sizes:
        tensors = inputs(*size)
        with torch.no_grad():
            expected, found = network(*tensors).predicted_depth, other(*tensors)
        torch.testing.assert_close(found['predicted_depth'], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('way, strict', [('hugging_face', True), ('original', False)])
def test_networks_are_exported_by_torch(tiny_config, spread_weights, way, strict):
    backbone = {**tiny_config.dinov2.to_dict(), 'position_interpolation': way}
    config = PromptDepthAnythingConfig.from_dict(tiny_config.to_dict(), backbone_config=backbone)
    network = spread_weights(Network(config))
    exported = torch.export.export(network, inputs(*EXAMPLE), strict=strict).module()
    assert_same(network, exported, EXAMPLE)


def test_networks_are_exported_for_any_batch_and_size(tiny_network):
    sizes = dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC)
    exported = torch.export.export(tiny_network, inputs(*EXAMPLE), dynamic_shapes=(sizes, sizes))
    assert_same(tiny_network, exported.module(), EXAMPLE, *OTHERS)


@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning', 'ignore::DeprecationWarning')
def test_traced_networks_take_any_batch_and_size(tiny_network):
    traced = torch.jit.trace(tiny_network, inputs(*EXAMPLE), strict=False)
    assert_same(tiny_network, traced, EXAMPLE, *OTHERS)


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('dynamo', [False, True])
def test_onnx_takes_any_batch_and_size(tiny_network, tmp_path, dynamo):
    onnxruntime = pytest.importorskip('onnxruntime')
    pytest.importorskip('onnxscript' if dynamo else 'onnx')
    names = ['pixel_values', 'prompt_depth']
    axes = {name: {0: 'batch', 2: f'{name}_height', 3: f'{name}_width'} for name in names}
    sizes = dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC)
    path = str(tmp_path / 'network.onnx')
    torch.onnx.export(
        tiny_network,
        inputs(*EXAMPLE),
        path,
        input_names=names,
        output_names=['predicted_depth'],
        dynamo=dynamo,
        **({'dynamic_shapes': (sizes, sizes)} if dynamo else {'dynamic_axes': axes}),
    )
    session = onnxruntime.InferenceSession(path)

    def run(*tensors: torch.Tensor) -> dict[str, torch.Tensor]:
        arrays = dict(zip(names, (value.numpy() for value in tensors), strict=True))
        return {'predicted_depth': torch.from_numpy(session.run(None, arrays)[0])}

    assert_same(tiny_network, run, EXAMPLE, *OTHERS)
