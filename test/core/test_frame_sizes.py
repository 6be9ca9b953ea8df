# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sizes of the stages are decided once for frames of one size, and refused ones each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import pytest

from promptda_ros.core.frame import BadFrame
from promptda_ros.core.frame_sizes import HELD_PIXELS, HELD_PIXELS_ON_GPU, network_size, sizes_of

SIDES = st.integers(14, 4000)


@given(SIDES, SIDES, st.sampled_from(('cpu', 'cuda')), st.sampled_from(('image', 'network')))
def test_depth_is_held_at_the_size_of_the_output_up_to_what_the_device_can_take(
    height, width, device_type, output
):
    sizes = sizes_of((height, width), (height, width), 14, 'full', output, device_type)
    assert sizes.output == {'image': (height, width), 'network': sizes.network}[output]
    held, (height, width) = sizes.held, sizes.output
    most = HELD_PIXELS if device_type == 'cpu' else HELD_PIXELS_ON_GPU
    if height * width <= most:
        assert held == (height, width)
    else:
        # Rounding moves a side by half a pixel at the most.
        assert (held[0] - 0.5) * (held[1] - 0.5) <= most
        assert abs(held[0] / held[1] * width / height - 1) <= 1 / min(held)


def test_frames_of_one_size_have_their_sizes_decided_once():
    given = (480, 640), (48, 64), 14
    first, second = (sizes_of(*given, 'low', 'image', 'cpu') for _ in range(2))
    assert first is second
    assert first.network == network_size((480, 640), 14, 'low')
    assert sizes_of(*given, 'medium', 'image', 'cpu').network > first.network
    assert sizes_of(*given, 'low', 'network', 'cpu').output == first.network


@pytest.mark.parametrize(
    'image, depth, reason',
    [((480, 640), (48, 48), 'depth_aspect'), ((13, 640), (13, 640), 'image_size')],
)
def test_sizes_that_are_refused_are_refused_for_every_frame(image, depth, reason):
    for _ in range(2):
        with pytest.raises(BadFrame) as refused:
            sizes_of(image, depth, 14, 'low', 'image', 'cpu')
        assert refused.value.reason == reason
