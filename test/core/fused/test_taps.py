# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables resize as torch does, whatever the sizes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from promptda_ros.core.fused import taps
from promptda_ros.core.fused.taps import Taps
from promptda_ros.core.restore import surface_residual

CPU = torch.device('cpu')
sides = st.integers(1, 150)


def matrix(table: Taps, pixels: int) -> np.ndarray:
    """Return the weights of all pixels (new, pixels)."""
    found = np.zeros((len(table.first), pixels + table.count))
    for new, first in enumerate(table.first.tolist()):
        found[new, first : first + table.count] = table.weights[new]
    assert not found[:, pixels:].any()
    return found[:, :pixels]


def matrix_of_torch(pixels: int, new: int, **how: object) -> np.ndarray:
    """Resize one pixel after another."""
    each = torch.eye(pixels)[None, :, None]
    return F.interpolate(each, (1, new), **how)[0, :, 0].T.numpy()


@pytest.mark.parametrize(
    'make, how',
    [
        (taps.area_taps, {'mode': 'area'}),
        (taps.linear_taps, {'mode': 'bilinear'}),
        (lambda *key: taps.smooth_taps(*key, cubic=True), {'mode': 'bicubic', 'antialias': True}),
        (
            lambda *key: taps.smooth_taps(*key, cubic=False),
            {'mode': 'bilinear', 'antialias': True},
        ),
    ],
    ids=['area', 'linear', 'cubic', 'smooth'],
)
@given(sides, sides)
@example(1, 1)
@example(147, 56)
def test_weights_are_those_of_torch(make, how, pixels, new):
    found = matrix(make(pixels, new, CPU), pixels)
    np.testing.assert_allclose(found, matrix_of_torch(pixels, new, **how), atol=1e-4)


@pytest.mark.parametrize(
    'table, mode, offset',
    [(taps.nearest, 'nearest', 0), (taps.nearest_exact, 'nearest-exact', 0.5)],
)
@given(sides, sides)
@example(2, 141)
def test_the_nearest_pixel_is_that_of_torch(table, mode, offset, pixels, new):
    """Half way between two pixels torch itself rounds in float64 on a CPU, in float32 on CUDA."""
    numbers = torch.arange(pixels, dtype=torch.float32)[None, None]
    expected = F.interpolate(numbers, new, mode=mode)[0, 0].numpy()
    found = table(pixels, new)
    places = (np.arange(new) + offset) * pixels / new
    is_clear = np.abs(places - places.round()) > 1e-6 * np.maximum(places, 1)
    np.testing.assert_array_equal(found[is_clear], expected[is_clear])
    assert np.abs(found - expected).max() <= 1


@given(sides, sides)
def test_samples_are_carried_as_by_torch(pixels, samples):
    nearest, exponents = surface_residual.near_samples(samples, pixels, CPU)
    first, by = taps.carried_from(pixels, samples), taps.carried_by(pixels, samples)
    np.testing.assert_array_equal(first, nearest)
    np.testing.assert_array_equal(by, exponents.T)
    # Kernels read them as they lie in memory.
    assert (first.dtype, by.dtype) == (np.int32, np.float32)
    assert first.flags.c_contiguous
    assert by.flags.c_contiguous
    # On one surface the means of a row of samples are of these weights.
    off = torch.rand(1, 1, 1, samples)
    nothing = torch.zeros_like(off)
    depth = torch.zeros(1, 1, 1, pixels)
    found = surface_residual.carry(depth, off, nothing, torch.ones_like(off))[0, 0, 0]
    three = np.clip(first[:, None] + np.arange(-1, 2), 0, samples - 1)
    expected = np.average(off[0, 0, 0].numpy()[three], weights=np.exp(by), axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@given(sides, sides)
def test_samples_are_halved_until_one_mean_is_left(rows, columns):
    times = taps.halvings(rows, columns)
    sizes = [max(-(-side // 2**times) for side in (rows, columns))]
    assert sizes[0] <= surface_residual.COARSEST
    if times:
        assert -(-max(rows, columns) // 2 ** (times - 1)) > surface_residual.COARSEST
        assert len(taps.halved_from(rows, times)) == len(taps.halved_by(rows, times))
