# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.dpt."""

from __future__ import annotations

import torch


def test_thelast_convolution_is_in_full_precision_under_autocast(tiny_network):
    head = tiny_network.head
    hidden = torch.rand(1, head.conv3.in_channels, 8, 8, generator=torch.manual_seed(0))
    plain = head.predict(hidden)
    with torch.autocast('cpu', torch.bfloat16):
        cast = head.predict(hidden)
    assert cast.dtype == torch.float32
    assert torch.equal(cast, plain)


def test_depth_under_autocast_has_finer_steps_than_bfloat16(tiny_network):
    """16 mm at 2 m is the step of bfloat16: rounded to it, depth would stand in stairs."""
    with torch.inference_mode(), torch.autocast('cpu', torch.bfloat16):
        prompt_m = torch.linspace(1.0, 3.0, 48).view(1, 1, 6, 8)
        depth_m = tiny_network(torch.rand(1, 3, 56, 56), prompt_m).predicted_depth
    assert depth_m.dtype == torch.float32
    assert not torch.equal(depth_m, depth_m.bfloat16().float())
    assert len(depth_m.unique()) > 2000
