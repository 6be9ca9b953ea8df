# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.image_processor and promptda_ros.network.pixels."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image
import pytest
import torch

from promptda_ros.network import (
    AutoImageProcessor,
    AutoModelForDepthEstimation,
    CheckpointError,
    DepthEstimatorOutput,
    PromptDepthAnythingImageProcessor,
)

Processor = PromptDepthAnythingImageProcessor
TOLERANCE = 1e-6
PUBLISHED = {
    'size': 756,
    'keep_aspect_ratio': True,
    'ensure_multiple_of': 14,
    'image_mean': [0.485, 0.456, 0.406],
    'image_std': [0.229, 0.224, 0.225],
}


def picture(height: int = 48, width: int = 64, *, channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(7)
    return random.integers(0, 256, (height, width, channels), np.uint8)


def depth_mm(height: int = 12, width: int = 16) -> np.ndarray:
    return np.random.default_rng(8).integers(0, 5000, (height, width), np.uint16)


@pytest.fixture(scope='module')
def theirs():
    module = pytest.importorskip(
        'transformers.models.prompt_depth_anything.image_processing_pil_prompt_depth_anything'
    )
    return module.PromptDepthAnythingImageProcessorPil


def assert_parity(theirs, options: dict, *inputs, **asked) -> None:
    expected = theirs(**options)(*inputs, **asked, return_tensors='np')
    actual = Processor(**options)(*inputs, **asked, return_tensors='np')
    assert list(actual) == list(expected)
    for name, value in expected.items():
        assert actual[name].shape == value.shape
        assert actual[name].dtype == value.dtype
        difference = actual[name].astype(np.float64) - value
        assert np.abs(difference).max() <= TOLERANCE


@pytest.mark.parametrize(
    'options',
    [
        {},
        PUBLISHED,
        {**PUBLISHED, 'size': {'height': 140, 'width': 60}},
        {'size': {'height': 30, 'width': 40}, 'resample': Image.Resampling.NEAREST},
        {'size': 56, 'resample': 2, 'ensure_multiple_of': 14},
        {'size': (100, 20), 'resample': 1, 'keep_aspect_ratio': True},
        {'do_resize': False},
        {'do_resize': False, 'do_pad': True, 'size_divisor': 14},
        {'do_pad': True, 'size_divisor': 37, 'size': 50},
        {'do_rescale': False},
        {'do_normalize': False},
        {'do_resize': False, 'do_normalize': False, 'do_rescale': False},
        {'rescale_factor': 1 / 127.5, 'image_mean': 1.0, 'image_std': 2.0},
        {'prompt_scale_to_meter': 0.01},
    ],
    ids=str,
)
@pytest.mark.parametrize('size', [(48, 64), (31, 97), (90, 33)], ids=str)
def test_outputs_equal_those_of_transformers(theirs, options, size):
    assert_parity(theirs, options, picture(*size), depth_mm())


def test_options_of_one_call_equal_those_of_transformers(theirs):
    asked = {
        'do_resize': True,
        'size': {'height': 70, 'width': 84},
        'keep_aspect_ratio': True,
        'ensure_multiple_of': 14,
        'resample': 2,
        'do_rescale': True,
        'rescale_factor': 1 / 128,
        'do_normalize': True,
        'image_mean': [0.1, 0.2, 0.3],
        'image_std': [0.4, 0.5, 0.6],
        'do_pad': True,
        'size_divisor': 32,
        'prompt_scale_to_meter': 0.5,
    }
    assert_parity(theirs, {}, picture(), depth_mm(), **asked)


@pytest.mark.parametrize(
    'images, prompts',
    [
        (Image.fromarray(picture()), Image.fromarray(depth_mm())),
        (Image.fromarray(picture()), Image.fromarray(depth_mm().astype(np.float32))),
        ([picture(), picture(30, 40)], [depth_mm(), depth_mm()]),
        (np.stack([picture(), picture()]), np.stack([depth_mm(), depth_mm()])),
        (torch.from_numpy(picture()), torch.from_numpy(depth_mm().astype(np.int32))),
        (picture().transpose(2, 0, 1), depth_mm().astype(np.float32)),
        (torch.from_numpy(picture()).permute(2, 0, 1), depth_mm().astype(np.float64)),
        (picture() / 255, depth_mm()),
        ((picture() / 255).astype(np.float32), depth_mm()),
        (picture().astype(np.int64), depth_mm()),
        ([Image.fromarray(picture())], None),
    ],
)
def test_every_kind_of_picture_gives_what_transformers_give(theirs, images, prompts):
    options = {**PUBLISHED, 'size': 70}
    if isinstance(images, np.ndarray) and images.dtype.kind == 'f':
        options['do_rescale'] = False
    assert_parity(theirs, options, images, *([] if prompts is None else [prompts]))


@pytest.mark.parametrize(
    'given, expected',
    [
        ((1440, 1920), (756, 1008)),
        ((1080, 1920), (756, 1344)),
        ((480, 640), (560, 756)),
        ((480, 848), (434, 756)),
    ],
)
def test_the_published_settings_give_the_published_sizes(given, expected):
    values = Processor(**PUBLISHED)(picture(*given), return_tensors='np').pixel_values
    assert values.shape == (1, 3, *expected)


@pytest.mark.parametrize('layout', ['channels_first', 'channels_last'])
def test_the_layout_of_the_input_can_be_said(layout):
    """Three rows or three columns look like channels."""
    array = picture(3, 20) if layout == 'channels_last' else picture(20, 3).transpose(2, 0, 1)
    values = Processor(do_resize=False)(array, input_data_format=layout, return_tensors='np')
    assert values.pixel_values.shape[1] == 3
    assert values.pixel_values.size == array.size


def test_the_layout_of_the_output_can_be_chosen():
    first = Processor(size=32)(picture(), depth_mm(), return_tensors='np')
    last = Processor(size=32)(
        picture(), depth_mm(), return_tensors='np', data_format='channels_last'
    )
    for name in ('pixel_values', 'prompt_depth'):
        np.testing.assert_array_equal(np.moveaxis(last[name], -1, 1), first[name])


def test_without_a_kind_of_tensor_lists_of_arrays_come_back():
    values = Processor(do_resize=False)([picture(), picture(30, 40)], [depth_mm(), depth_mm(5, 6)])
    assert [image.shape for image in values.pixel_values] == [(3, 48, 64), (3, 30, 40)]
    assert [depth.shape for depth in values.prompt_depth] == [(1, 12, 16), (1, 5, 6)]
    assert {depth.dtype for depth in values.prompt_depth} == {np.dtype(np.float32)}


def test_millimetres_become_metres_and_unknown_stays_unknown():
    values = Processor()(picture(), np.array([[0, 1500], [65535, 1]], np.uint16))
    np.testing.assert_allclose(values.prompt_depth[0][0], [[0, 1.5], [65.535, 0.001]], rtol=1e-7)
    metres = np.array([[np.nan, 1.5], [np.inf, 2]], np.float32)
    kept = Processor()(picture(), metres, prompt_scale_to_meter=1).prompt_depth[0][0]
    np.testing.assert_array_equal(kept, metres)


def test_a_constant_prompt_is_not_touched(theirs):
    """Theirs adds 1e-6 to a pixel, lost above 32 m; our network needs no such help."""
    values = Processor()(picture(), np.full((4, 4), 2000, np.uint16), return_tensors='np')
    assert (values.prompt_depth == 2).all()
    assert_parity(theirs, {}, picture(), np.full((4, 4), 2000, np.uint16))


def test_pictures_are_not_changed_in_place():
    image, depth = picture(), depth_mm().astype(np.float32)
    before = image.copy(), depth.copy()
    Processor(do_resize=False)(image, depth)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(depth, before[1])


@pytest.mark.parametrize(
    'asked, words',
    [
        ({'return_tensors': 'tf'}, ("return_tensors is 'tf'", "None, 'np' or 'pt'")),
        ({'data_format': 'none'}, ("data_format is 'none'", 'channels_first or channels_last')),
        ({'input_data_format': 'rows'}, ("input_data_format is 'rows'", 'channels_first')),
        ({'resample': 9}, ('resample is 9', 'one of')),
        ({'size': {'shortest_edge': 3}}, ('shortest_edge', "'height'")),
        ({'size': 0}, ('size is 0', 'whole number')),
        ({'size': 3, 'ensure_multiple_of': 14}, ('multiple of 14 above 0', '(48, 64)')),
        ({'ensure_multiple_of': 0}, ('ensure_multiple_of is 0', 'above 0')),
        ({'do_pad': True}, ('size_divisor is None', 'do_pad=True')),
        ({'image_mean': [1, 2]}, ('image_mean is (1, 2)', 'each of the 3 channels')),
        ({'image_mean': 'grey'}, ("image_mean is 'grey'", 'number')),
        ({'do_resize': 'no'}, ("do_resize is 'no'", 'true or false')),
        ({'image_std': [1, 0, 1]}, ('image_std is (1, 0, 1)', 'above 0')),
        ({'rescale_factor': 0}, ('rescale_factor is 0', 'above 0')),
        ({'prompt_scale_to_meter': -1}, ('prompt_scale_to_meter is -1', 'above 0')),
    ],
    ids=str,
)
def test_options_that_cannot_be_are_named(asked, words):
    with pytest.raises(ValueError, match='must be') as refusal:
        Processor()(picture(), depth_mm(), **asked)
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize(
    'images, prompts, words',
    [
        ('picture.jpg', None, 'a picture is a str'),
        (picture(channels=1), None, 'each of the 1 channels'),
        (picture(channels=2), None, '(48, 64, 2)'),
        (np.zeros((2, 2, 2, 4, 4)), None, '(2, 2, 2, 4, 4)'),
        (picture() / 100, None, 'inside [0, 1], or whole numbers inside [0, 255]'),
        (np.full((8, 8, 3), np.nan), None, 'image range'),
        ([picture(), picture()], depth_mm(), 'number of prompts is 1'),
        (picture(), Image.fromarray(picture()), 'channels of a prompt is 3'),
        ([picture(), picture(30, 40)], [depth_mm(), depth_mm(3, 4)], 'shapes of prompt_depth'),
    ],
)
def test_pictures_that_cannot_be_are_named(images, prompts, words):
    with pytest.raises(ValueError, match='must be') as refusal:
        Processor()(images, prompts, return_tensors='pt')
    assert words in str(refusal.value)


def test_misspelt_options_are_refused():
    with pytest.raises(TypeError, match='do_risize'):
        Processor(do_risize=True)
    with pytest.raises(TypeError, match='do_risize'):
        Processor()(picture(), do_risize=True)


def test_batches_are_read_as_attributes_and_moved_together():
    values = Processor(size=28)(picture(), depth_mm(), return_tensors='pt')
    assert values.pixel_values is values['pixel_values']
    halves = values.to(torch.float16)
    assert {tensor.dtype for tensor in halves.values()} == {torch.float16}
    with pytest.raises(AttributeError, match='no labels among pixel_values, prompt_depth'):
        _ = values.labels


def test_settings_survive_a_folder(tmp_path):
    processor = Processor(**PUBLISHED, do_pad=True, size_divisor=14, resample=Image.BOX)
    processor.save_pretrained(tmp_path / 'new')
    assert Processor.from_pretrained(tmp_path / 'new') == processor


def test_settings_of_older_files_are_read():
    """Published folders were written by transformers 4, which listed its own arguments too."""
    values = {
        **PUBLISHED,
        'size': {'height': 756, 'width': 756},
        'size_divisor': None,
        'image_processor_type': 'PromptDepthAnythingImageProcessor',
        'processor_class': None,
        '_valid_processor_keys': ['images', 'do_resize'],
    }
    assert Processor.from_dict(values) == Processor(**PUBLISHED)


def test_settings_are_exchanged_with_transformers(theirs, tmp_path):
    ours = Processor(**PUBLISHED)
    ours.save_pretrained(tmp_path)
    assert theirs.from_pretrained(tmp_path).to_dict() == theirs(**PUBLISHED).to_dict()
    theirs(**PUBLISHED).save_pretrained(tmp_path)
    assert Processor.from_pretrained(tmp_path) == ours


@pytest.mark.parametrize(
    'values, words',
    [({'sizes': 3}, 'did you mean size?'), ({'size': 'big'}, 'size is'), ({'size': 1.5}, 'size')],
)
def test_a_damaged_settings_file_is_a_checkpoint_error_that_names_it(tmp_path, values, words):
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match=r'preprocessor_config.json') as refusal:
        Processor.from_pretrained(tmp_path)
    assert words in str(refusal.value)


@pytest.mark.parametrize('sizes', [[(30, 40), (5, 1)], torch.tensor([[30, 40], [5, 1]])])
def test_depth_comes_back_at_the_asked_size(theirs, sizes):
    outputs = DepthEstimatorOutput(predicted_depth=torch.rand(2, 14, 28))
    depths = Processor().post_process_depth_estimation(outputs, target_sizes=sizes)
    assert [tuple(depth['predicted_depth'].shape) for depth in depths] == [(30, 40), (5, 1)]
    pairs = [tuple(map(int, size)) for size in sizes]
    wanted = theirs().post_process_depth_estimation(outputs, target_sizes=pairs)
    for found, expected in zip(depths, wanted, strict=True):
        reference = expected['predicted_depth'].reshape(found['predicted_depth'].shape)
        assert torch.equal(found['predicted_depth'], reference)


def test_depth_stays_as_it_is_where_no_size_is_asked():
    outputs = DepthEstimatorOutput(predicted_depth=torch.rand(2, 14, 28))
    depths = Processor().post_process_depth_estimation(outputs)
    assert torch.equal(depths[1]['predicted_depth'], outputs.predicted_depth[1])


def test_sizes_must_be_as_many_as_pictures():
    outputs = DepthEstimatorOutput(predicted_depth=torch.rand(2, 14, 28))
    with pytest.raises(ValueError, match=r'as many as there are images in the outputs \(2\)'):
        Processor().post_process_depth_estimation(outputs, target_sizes=[(3, 4)])
    with pytest.raises(ValueError, match='predicted_depth is None'):
        Processor().post_process_depth_estimation(DepthEstimatorOutput())


def test_code_written_for_transformers_runs_with_another_import(
    tiny_network, tmp_path, monkeypatch
):
    """From files to millimetres through the calls of the published example."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    fetched = tmp_path / 'promptda_ros' / 'models' / 'vits'
    tiny_network.save_pretrained(fetched)
    Processor(**{**PUBLISHED, 'size': 70}).save_pretrained(fetched)
    Image.fromarray(picture(480, 640)).save(tmp_path / 'image.jpg')
    Image.fromarray(depth_mm(192, 256)).save(tmp_path / 'depth.png')

    name = 'depth-anything/prompt-depth-anything-vits-hf'
    image_processor = AutoImageProcessor.from_pretrained(name)
    model = AutoModelForDepthEstimation.from_pretrained(name)
    image, prompt_depth = Image.open(tmp_path / 'image.jpg'), Image.open(tmp_path / 'depth.png')
    inputs = image_processor(images=image, return_tensors='pt', prompt_depth=prompt_depth)
    with torch.no_grad():
        outputs = model(**inputs)
    processed = image_processor.post_process_depth_estimation(
        outputs, target_sizes=[(image.height, image.width)]
    )
    depth = (processed[0]['predicted_depth'] * 1000).detach().cpu().numpy()
    millimetres = Image.fromarray(depth.astype('uint16'))
    assert millimetres.size == (640, 480)
    assert 0 < depth.mean() < 5000
