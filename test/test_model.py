# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.model."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
import json
from pathlib import Path
import re
import runpy
import shutil
import time

import numpy as np
import pytest
import torch

from promptda_ros import model as model_module
from promptda_ros import model_folders
from promptda_ros.core.frame import Frame
from promptda_ros.core.model_names import EMBEDDED
from promptda_ros.core.runtime.device import DeviceError
from promptda_ros.core.settings import build, describe
from promptda_ros.core.settings.schema import ModelSettings
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.model import load_model
from promptda_ros.model_folders import expected_digest, model_folder
from promptda_ros.network import CheckpointError, load_network, PromptDepthAnythingImageProcessor
from promptda_ros.network.anchor import Anchor
from promptda_ros.network.engines import starting
from promptda_ros.network.engines.compiled import LONGEST_SEC
from promptda_ros.network.engines.folded import load_folded
from promptda_ros.network.engines.openvino_model import OpenVinoModel
from promptda_ros.network.engines.tensorrt_engine import TensorRtEngine
from promptda_ros.network.files.statement import Statement


@pytest.fixture
def folder(network_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of a small network that a test may spoil."""
    return Path(shutil.copytree(network_folder, tmp_path / 'network'))


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """Return a copy of the embedded network: random weights hardly look at the pixels."""
    return Path(shutil.copytree(model_folder(ModelSettings()), tmp_path / 'trained'))


def load(folder: Path, **values: object) -> LoadedModel:
    return load_model(
        build({'model.path': str(folder), 'device': 'cpu', 'engine': 'torch', **values})
    )


@pytest.mark.setting('model.path')
def test_a_network_is_loaded_with_its_digest_and_ready_to_run(folder):
    model = load(folder)
    assert (model.name, model.device, model.precision) == ('network', 'cpu', 'float32')
    assert len(model.sha256) == 64
    assert model.frame_sec > 0
    assert model.describe() == f'network ({model.sha256[:8]}) on cpu in float32'


def test_a_network_whose_output_is_not_metric_is_refused(folder):
    """Its depth could leave the range that the sensor measured."""
    config = json.loads((folder / 'config.json').read_text())
    config['depth_estimation_type'] = 'relative'
    (folder / 'config.json').write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="depth_estimation_type 'relative'"):
        load(folder)


@pytest.mark.setting('model.resolution')
def test_the_network_sees_as_many_pixels_as_asked_for(folder):
    slope_m = np.linspace(0.5, 1.5, 48 * 64, dtype=np.float32).reshape(48, 64)
    frame = Frame(0, '', np.zeros((480, 640, 3), np.uint8), sensor_depth_m=slope_m)
    for asked, size in (('auto', (252, 336)), ('medium', (378, 504))):
        settings, model = build({}), load(folder, **{'model.resolution': asked})
        prepared = model.estimator.prepare(frame, settings.prompt, settings.output)
        assert tuple(prepared.pixels.shape[2:]) == size


@pytest.mark.setting('model.sha256')
def test_weights_of_another_digest_than_the_one_asked_for_are_refused(folder):
    """B2: exit code 3 through CheckpointError."""
    with pytest.raises(CheckpointError, match='sha256'):
        load(folder, **{'model.sha256': 'f' * 64})


def test_the_network_sees_pixels_as_its_own_folder_says(trained):
    """K24: the normalisation belongs to the weights."""
    image = np.random.default_rng(0).integers(0, 256, (84, 112, 3), dtype=np.uint8)
    slope_m = np.linspace(0.5, 1.5, 12 * 16, dtype=np.float32).reshape(12, 16)
    frame = Frame(stamp_ns=0, frame_id='', image=image, sensor_depth_m=slope_m)
    settings = build({})
    numbers = {'image_mean': [0.5, 0.4, 0.3], 'image_std': [0.2, 0.3, 0.4]}
    text = json.dumps({**numbers, 'keep_aspect_ratio': True})
    (trained / 'preprocessor_config.json').write_text(text)
    estimator = load(trained).estimator
    prepared = estimator.prepare(frame, settings.prompt, settings.output)
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.3, 0.4])
    normalised = (prepared.pixels / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.inference_mode():
        expected = load_network(trained)(normalised, prepared.prompt.depth_m).predicted_depth[0]
    torch.testing.assert_close(estimator.infer([prepared])[0], expected, atol=0, rtol=1e-5)


@pytest.mark.setting('precision')
def test_a_number_format_that_is_millimetres_off_is_not_used():
    """H5: before the first frame; with the embedded network, whose head is known to suffer."""
    settings = build(
        {'precision': 'bf16', 'device': 'cpu', 'engine': 'torch', 'model.resolution': 'low'}
    )
    model = load_model(settings)
    assert model.precision == 'float32'
    purpose, note = model.notes
    assert 'before a robot relies on its depth' in purpose
    assert re.match(r'bfloat16 on cpu differs from float32 on the CPU: mean \d+\.\d\d mm', note)
    assert note.endswith('float32 is used, which is slower')


def test_a_gpu_without_kernels_is_said_where_the_cpu_stands_in(folder, gpu_without_kernels):
    """A8: device:=auto on a card that this build of torch knows nothing of."""
    model = load(folder, device='auto')
    assert model.device == 'cpu'
    (note,) = model.notes
    assert note.startswith('the CPU is used, which is slow: no kernel runs on cuda:0: CUDA error')
    assert 'pip install torch --index-url' in note


def test_openvino_runs_sizes_that_came_before_and_gives_the_same_depth(folder):
    if find_spec('openvino') is None:
        pytest.skip('openvino is not installed')
    settings = build({})
    exact, model = load(folder), load(folder, engine='openvino')
    assert model.describe() == f'{exact.describe()} by OpenVINO'
    assert model.notes == ()
    assert model.facts()['engine'] == 'OpenVINO, sizes compiled: 0'
    image = np.random.default_rng(0).integers(0, 256, (84, 112, 3), dtype=np.uint8)
    slope_m = np.linspace(0.5, 1.5, 12 * 16, dtype=np.float32).reshape(12, 16)
    frame = Frame(stamp_ns=0, frame_id='', image=image, sensor_depth_m=slope_m)
    expected_m = exact.estimator.estimate(frame, settings.prompt, settings.output).depth_m
    pauses_sec = []
    for _ in range(2):
        since_ns = time.monotonic_ns()
        found_m = model.estimator.estimate(frame, settings.prompt, settings.output).depth_m
        np.testing.assert_allclose(found_m, expected_m, atol=0, rtol=1e-5)
        model.between_frames()
        pauses_sec.append(model.pause_sec(since_ns))
    assert pauses_sec == [LONGEST_SEC, 0]
    assert model.facts()['engine'] == 'OpenVINO, sizes compiled: 1'


@pytest.mark.setting('engine')
def test_openvino_that_fails_is_said_at_start_and_torch_takes_its_place(folder, monkeypatch):
    """H5: before the first frame."""

    class Broken:
        name = 'OpenVINO'
        tolerance = outliers = least_gain = 0.0
        longest_sec = LONGEST_SEC
        key = OpenVinoModel.key

        def __init__(self, *arguments):
            raise RuntimeError('no plugin for this CPU')

    monkeypatch.setattr(model_module, 'choose_engine', lambda *arguments, **options: 'openvino')
    monkeypatch.setitem(starting.ENGINES, 'openvino', Broken)
    model = load(folder)
    assert model.notes == ('torch alone, no OpenVINO: no plugin for this CPU',)
    assert model.notes == (model.problem,)
    assert model.describe().endswith('on cpu in float32')
    with pytest.raises(DeviceError, match=r"engine 'openvino' requested but it fails here .torch"):
        load(folder, engine='openvino')


@pytest.fixture
def tensorrt(monkeypatch, tmp_path):
    """A stand-in that takes the CPU for a GPU."""
    for package in ('onnx', 'onnxruntime'):
        pytest.importorskip(package)
    fake = runpy.run_path(str(Path(__file__).with_name('fake_tensorrt.py')))['fake_tensorrt']
    monkeypatch.setattr(model_module, 'choose_engine', lambda name, *_, **__: name)
    return fake(monkeypatch, tmp_path / 'cache')


@pytest.mark.setting('engine')
def test_tensorrt_runs_the_network_but_not_the_anchor(folder, tensorrt):
    exact, model = load(folder), load(folder, engine='tensorrt')
    assert model.describe() == f'{exact.describe()} by TensorRT'
    assert model.notes == ()
    assert len(tensorrt.builds) == 1
    assert model.facts()['engine'] == 'TensorRT, sizes compiled: 1', 'minutes are not spent twice'
    model.estimator.warm_up()
    assert model.next_pause == ''
    estimator, anchor = model.estimator, Anchor()
    estimator.anchor = anchor
    compiled = starting.compile_networks(estimator, 'tensorrt')
    assert [each.name for each in compiled] == ['TensorRT']
    assert estimator.anchor is anchor
    since_ns = time.monotonic_ns()
    estimator.warm_up()
    (network,) = compiled
    network.compile_missed()
    waiting = replace(model, compiled=compiled)
    assert waiting.pause_sec(since_ns) == TensorRtEngine.longest_sec, 'H3: minutes are no hang'


@pytest.mark.parametrize('fault', ['build_error', 'factor'])
def test_tensorrt_that_was_asked_for_and_fails_is_refused_at_start(folder, tensorrt, fault):
    setattr(tensorrt, fault, {'build_error': 'no kernel', 'factor': 1.01}[fault])
    reason = (
        r"engine 'tensorrt' requested but it fails here \(torch alone, no TensorRT: .*\); inst"
    )
    with pytest.raises(DeviceError, match=reason):
        load(folder, engine='tensorrt')


def test_the_embedded_network_has_a_known_digest_and_loads(monkeypatch):
    """B2: also the default is not just believed."""
    settings = build({'device': 'cpu', 'engine': 'torch'})
    assert model_folder(settings.model).name == 'promptda-tiny'
    assert load_model(settings).sha256 == expected_digest(settings.model)


@pytest.mark.parametrize('name', ['model.safetensors', 'anchor.safetensors'])
def test_a_flipped_byte_in_the_embedded_network_is_found(tmp_path, monkeypatch, name):
    """B2: exit code 3 through CheckpointError."""
    share = tmp_path / 'share'
    shutil.copytree(model_folder(ModelSettings()), share / 'models/promptda-tiny')
    weights = share / 'models/promptda-tiny' / name
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    monkeypatch.setattr(model_folders, 'share_folder', lambda: share)
    with pytest.raises(CheckpointError, match='sha256'):
        load_model(build({'device': 'cpu'}))


def test_a_network_is_what_its_folder_states_however_it_is_named(tmp_path):
    """K23: the name and two paths of the embedded one gave depth that was 17 mm apart."""
    embedded = model_folder(ModelSettings())
    copied = shutil.copytree(embedded, tmp_path / 'mine')
    adapted = tmp_path / 'adapted'  # as training writes it, here after no step
    load_network(embedded).save_pretrained(adapted)
    image = np.random.default_rng(0).integers(0, 256, (84, 112, 3), dtype=np.uint8)
    step_m = np.linspace(0.5, 1.5, 12 * 16, dtype=np.float32).reshape(12, 16)
    step_m[:, 8:] += 0.5
    frame = Frame(stamp_ns=0, frame_id='', image=image, sensor_depth_m=step_m)

    def depth_m(**values: object) -> np.ndarray:
        settings = build({'device': 'cpu', 'engine': 'torch', **values})
        model = load_model(settings)
        assert model.precision == 'float32'
        assert any('before a robot relies on its depth' in note for note in model.notes)
        return model.estimator.estimate(frame, settings.prompt, settings.output).depth_m

    by_name = depth_m()
    np.testing.assert_array_equal(depth_m(**{'model.path': str(embedded)}), by_name)
    np.testing.assert_array_equal(depth_m(**{'model.path': str(copied)}), by_name)
    np.testing.assert_array_equal(depth_m(**{'model.path': str(adapted)}), by_name)
    moved = copied.rename(tmp_path / 'vits')
    np.testing.assert_array_equal(depth_m(**{'model.path': str(moved)}), by_name)
    (moved / 'promptda.json').unlink()
    plain = load_model(build({'device': 'cpu', 'engine': 'torch', 'model.path': str(moved)}))
    assert plain.notes == ()


def test_precision_auto_is_what_the_folder_states():
    """The head of the embedded network takes differences of large numbers."""
    assert Statement(precision='fp32').precision_for('auto') == 'fp32'
    assert Statement(precision='fp32').precision_for('bf16') == 'bf16'
    assert Statement().precision_for('auto') == 'auto'


@pytest.mark.parametrize(
    'field, value, words',
    [
        ('do_pad', True, 'do_pad is True, must be false: the node resizes'),
        ('resample', 2, 'resample is 2, must be 3'),
        ('keep_aspect_ratio', False, 'keep_aspect_ratio is False, must be true'),
        ('ensure_multiple_of', 28, 'ensure_multiple_of is 28, must be 1 or patch_size=14'),
        ('do_center_crop', True, 'do_center_crop is True'),
        ('image_processor_type', 'DPTImageProcessor', "image_processor_type is 'DPTImageProcess"),
        ('image_mean', [0.5, 0.5], 'image_mean'),
        ('sharpen', True, 'has no sharpen'),
    ],
)
def test_a_preparation_that_the_node_does_not_do_is_refused(folder, field, value, words):
    """K24: exit code 3 through CheckpointError."""
    asked = {'keep_aspect_ratio': True, 'size_divisor': 14, field: value}
    (folder / 'preprocessor_config.json').write_text(json.dumps(asked))
    with pytest.raises(CheckpointError, match=re.escape(words)):
        load(folder)


@pytest.mark.parametrize(
    'asked',
    [
        {'do_normalize': False},
        {'do_rescale': False, 'image_mean': 127.0, 'image_std': 60.0},
        {'rescale_factor': 1 / 127.5, 'image_mean': 1.0, 'image_std': 0.5},
    ],
    ids=str,
)
def test_pixels_are_scaled_as_the_folder_says(trained, asked):
    """K24: equal to the processor on a picture that needs no resizing."""
    asked = {'keep_aspect_ratio': True, **asked}
    (trained / 'preprocessor_config.json').write_text(json.dumps(asked))
    processor = PromptDepthAnythingImageProcessor.from_pretrained(trained, do_resize=False)
    image = np.random.default_rng(0).integers(0, 256, (56, 70, 3), dtype=np.uint8)
    prompt_m = torch.linspace(0.5, 1.5, 12 * 16).reshape(1, 1, 12, 16)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None]
    with torch.inference_mode():
        found = load_folded(trained)(pixels, prompt_m)
        normalised = processor(image, return_tensors='pt').pixel_values
        expected = load_network(trained)(normalised, prompt_m).predicted_depth
    torch.testing.assert_close(found, expected, atol=0, rtol=1e-4)


def test_the_setting_offers_the_networks_that_there_are():
    (choices,) = (each.choices for each in describe() if each.name == 'model.name')
    assert choices == (EMBEDDED, *model_folders.OFFICIAL)


def test_an_empty_digest_file_is_no_digest(folder):
    (folder / 'model.safetensors.sha256').write_text('')
    assert expected_digest(ModelSettings(path=str(folder))) == ''
