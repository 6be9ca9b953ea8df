# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged folders: every reader answers with CheckpointError, before memory or time is spent."""

from __future__ import annotations

from contextlib import suppress
import json
from pathlib import Path
import subprocess
import sys
import time

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import pytest
import torch

from promptda_ros.network import CheckpointError, load_network, PromptDepthAnythingImageProcessor
from promptda_ros.network.files.statement import read_statement
from promptda_ros.network.files.weights_file import parse_weights
from promptda_ros.network.normalisation import read_normalisation

WEIGHTS, CONFIG, PROCESSOR = 'model.safetensors', 'config.json', 'preprocessor_config.json'
MIB = 1024 * 1024
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2**31, 2**63, 10**400, 1e308, float('nan'), float('inf'), 0.5]),
    st.text(max_size=5),
    st.lists(st.integers() | st.text(max_size=2) | st.none(), max_size=5),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
quick = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def mutated(values: dict, names: list[str], odd: list) -> dict:
    """Return values with some of them replaced, also inside of backbone_config."""
    changed = json.loads(json.dumps(values))
    for name, value in zip(names, odd, strict=False):
        inner, _, outer = name.rpartition('.')
        (changed[inner] if inner else changed)[outer] = value
    return changed


@quick
@given(data=st.data())
def test_any_config_gives_a_network_or_a_named_error(folder, data):
    values = json.loads((folder / CONFIG).read_text())
    try:
        backbone = [f'backbone_config.{name}' for name in values['backbone_config']]
        places = st.lists(st.sampled_from([*values, *backbone, 'zzz']), min_size=1, max_size=3)
        names = sorted(data.draw(places), reverse=True)
        if 'backbone_config' in names:
            names = ['backbone_config']
        odd = data.draw(st.lists(ODD, min_size=3, max_size=3))
        (folder / CONFIG).write_text(json.dumps(mutated(values, names, odd)))
        with suppress(CheckpointError):
            load_network(folder)
    finally:
        (folder / CONFIG).write_text(json.dumps(values))


@quick
@given(data=st.data())
def test_any_preparation_gives_pixels_or_a_named_error(folder, tiny_config, data):
    values = {**PromptDepthAnythingImageProcessor().to_dict(), 'keep_aspect_ratio': True}
    names = data.draw(st.lists(st.sampled_from([*values, 'zzz']), min_size=1, max_size=3))
    odd = data.draw(st.lists(ODD, min_size=3, max_size=3))
    (folder / PROCESSOR).write_text(json.dumps(mutated(values, names, odd)))
    try:
        pixels = read_normalisation(folder, tiny_config)
    except CheckpointError:
        return
    assert torch.tensor([*pixels.mean, *pixels.deviation]).isfinite().all()


@quick
@given(values=st.dictionaries(st.text(max_size=12), ODD, max_size=3))
def test_any_statement_is_read_or_refused_by_name(tmp_path, values):
    (tmp_path / 'promptda.json').write_text(json.dumps(values))
    try:
        read_statement(tmp_path)
    except CheckpointError:
        return
    assert all(name.startswith('_') for name in values)


FORMATS = ('F64', 'F16', 'BF16', 'I64', 'U8', 'BOOL', 'F8_E4M3', 'F8_E5M2', 'F4', 'C64', 'X')


@quick
@given(data=st.data())
def test_any_header_of_the_weights_gives_floats_or_a_named_error(folder, data):
    """K27: number formats that nobody knows, sizes that no file has."""
    whole = (folder / WEIGHTS).read_bytes()
    length = int.from_bytes(whole[:8], 'little')
    header, body = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    name = data.draw(st.sampled_from(sorted(header.keys() - {'__metadata__'})))
    field = data.draw(st.sampled_from(['dtype', 'shape', 'data_offsets']))
    whole_numbers = st.integers(-1, 2**64)
    header[name][field] = data.draw(
        st.sampled_from(FORMATS) | st.lists(whole_numbers, max_size=4) | ODD
    )
    text = json.dumps(header).encode()
    begin = data.draw(st.sampled_from([len(text), 0, 1, 2**31, 2**63 - 1]))
    damaged = begin.to_bytes(8, 'little') + text + body
    try:
        weights = parse_weights(folder / WEIGHTS, damaged)
    except CheckpointError:
        return
    assert all(value.is_floating_point() for value in weights.values())


@pytest.mark.parametrize(
    'content',
    [b'[' * 100_000, b'{"a":' * 100_000, b'\xff\xfe', b'9' * 5000, b' ' * (2 * MIB)],
    ids=['brackets', 'braces', 'bytes', 'digits', 'spaces'],
)
@pytest.mark.parametrize('name', [CONFIG, PROCESSOR, 'promptda.json', f'{WEIGHTS}.index.json'])
def test_json_that_is_none_is_refused_by_every_reader(folder, tiny_config, name, content):
    """K27: 100 000 levels deep, for example."""
    (folder / name).write_bytes(content)
    if name.endswith('index.json'):
        (folder / WEIGHTS).unlink()

    def read_all() -> None:
        read_statement(folder)
        read_normalisation(folder, tiny_config)
        load_network(folder)

    with pytest.raises(CheckpointError, match=name):
        read_all()


@pytest.mark.parametrize('dtype', [torch.int64, torch.uint8, torch.bool, torch.float8_e4m3fn])
def test_weights_that_are_no_floats_are_refused_by_their_format(tiny_network, folder, dtype):
    """K27: whole numbers cast in silence are other weights."""
    weights = dict(tiny_network.state_dict())
    weights['head.conv3.bias'] = torch.zeros(1).to(dtype)
    write(folder, weights)
    name = str(dtype).removeprefix('torch.')
    with pytest.raises(CheckpointError, match=f'stores head.conv3.bias as {name}'):
        load_network(folder)


def test_weights_that_are_finite_in_float64_alone_are_refused(tiny_network, folder):
    weights = dict(tiny_network.state_dict())
    weights['head.conv3.bias'] = torch.full((1,), 1e300, dtype=torch.float64)
    write(folder, weights)
    with pytest.raises(CheckpointError, match=r'first in head.conv3.bias .as float32'):
        load_network(folder)


def write(folder: Path, weights: dict[str, torch.Tensor]) -> None:
    from safetensors.torch import save_file

    save_file(weights, folder / WEIGHTS)


@pytest.mark.parametrize(
    'changes',
    [
        {'num_hidden_layers': 200_000},
        {'hidden_size': 2**40, 'num_attention_heads': 2},
        {'image_size': 10**9},
        {'mlp_ratio': 10**9},
        {'num_channels': 0},
        {'image_size': 0},
        {'hidden_size': 2**31, 'num_attention_heads': 2},
    ],
    ids=str,
)
def test_a_shape_that_no_network_has_is_refused_at_once(folder, changes):
    """K27: before anything of that size is made."""
    values = json.loads((folder / CONFIG).read_text())
    values['backbone_config'].update(changes)
    (folder / CONFIG).write_text(json.dumps(values))
    begun = time.process_time()
    with pytest.raises(CheckpointError, match=f'{next(iter(changes))} is .*, must be'):
        load_network(folder)
    assert time.process_time() - begun < 2


def test_a_file_larger_than_the_network_is_refused_before_it_is_read(folder, tmp_path):
    """Sparse, it takes no room on disk, and more memory than this process may have."""
    with (folder / WEIGHTS).open('r+b') as file:
        file.truncate(64 * 1024 * MIB)
    program = f"""
import resource
from promptda_ros.network import CheckpointError, load_network
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_network({str(folder)!r})
except CheckpointError as error:
    print(error)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert after - before < 100 * 1024, f'{{after - before}} KiB'
"""
    run = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, check=True, timeout=120
    )
    assert 'are the most that it can need' in run.stdout
