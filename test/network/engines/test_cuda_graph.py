# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A CUDA graph gives the depth of the network that it was recorded from."""

from __future__ import annotations

import pytest
import torch

from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.cuda_graph import CudaGraph
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device')
@pytest.mark.parametrize('space', DEPTH_SPACES)
@torch.inference_mode()
def test_a_cuda_graph_gives_the_depth_of_the_network(network_in, space):
    with torch.inference_mode(False):
        network = fold(network_in(space), image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD).cuda()
    compiled = CompiledNetwork(network, CudaGraph)
    rng = torch.Generator().manual_seed(0)
    for _ in range(3):
        pixels = (255 * torch.rand(1, 3, 42, 42, generator=rng)).cuda()
        prompt_m = (0.5 + torch.rand(1, 1, 6, 8, generator=rng)).cuda()
        found_m, exact_m = compiled(pixels, prompt_m), network(pixels, prompt_m)
        torch.testing.assert_close(found_m, exact_m, rtol=1e-4, atol=1e-4)
        compiled.compile_missed()
    assert (compiled.sizes, compiled.problem) == (1, '')
