# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The kernel resizes an image as torch does."""

from __future__ import annotations

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from promptda_ros.core.fused.prepare import resize
from promptda_ros.core.restore import by_torch

# torch itself resizes columns of one pixel wrongly. By more than 5 times there are many weights.
sides = st.tuples(st.integers(8, 40), st.integers(8, 40))


@pytest.mark.parametrize('mode', ['bicubic', 'bilinear'])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sides, sides, st.integers(0, 2**32 - 1))
def test_an_image_is_resized_as_by_torch(device, mode, size, new, seed):
    """Black beside white: the bicubic curve leaves the range, the pixels do not."""
    pixels = np.random.default_rng(seed).choice(np.array([0, 3, 255], np.uint8), (*size, 3))
    image = torch.from_numpy(pixels).to(device)
    found = resize(image, new, mode).cpu()
    floats = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    expected = F.interpolate(floats, new, mode=mode, antialias=True).clamp_(0, 255)
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0)


def test_without_kernels_pixels_stay_within_bytes():
    """Not on a CPU alone, which resizes bytes: in float32 edges overshoot."""
    image = torch.from_numpy(np.kron(np.eye(6) * 255, np.ones((4, 4)))[..., None].repeat(3, 2))
    for mode in ('bicubic', 'bilinear'):
        found = by_torch.resize(image.byte(), (17, 13), mode)
        assert found.min() >= 0
        assert found.max() <= 255
