# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO gives the depth of the network, and tells nobody."""

from __future__ import annotations

from importlib.util import find_spec
import logging
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from promptda_ros.core.depth_space import DEPTH_SPACES
from promptda_ros.network.anchor import Anchor, AnchorConfig
from promptda_ros.network.engines import openvino_model
from promptda_ros.network.engines.compiled import CompiledNetwork
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.engines.onednn import use_onednn
from promptda_ros.network.engines.openvino_model import OpenVinoModel
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD

pytestmark = pytest.mark.skipif(find_spec('openvino') is None, reason='openvino is not installed')


@pytest.fixture(params=DEPTH_SPACES)
def network(network_in, request):
    folded = fold(network_in(request.param), image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)
    use_onednn(folded)
    return folded


def test_it_gives_the_depth_of_the_network_for_every_size_and_batch(network):
    rng = torch.Generator().manual_seed(0)
    compiled = CompiledNetwork(network, OpenVinoModel)
    with torch.inference_mode():
        for batch, size in ((1, (42, 56)), (1, (56, 42)), (2, (42, 56))):
            for _ in range(2):
                image = torch.randint(
                    0, 256, (batch, 90, 120, 3), dtype=torch.uint8, generator=rng
                )
                # As the estimator makes them: channels last in memory.
                pixels = F.interpolate(
                    image.permute(0, 3, 1, 2), size, mode='bicubic', antialias=True
                )
                prompt_m = 0.5 + torch.rand(batch, 1, 6, 8, generator=rng)
                expected_m = network(pixels, prompt_m)
                torch.testing.assert_close(
                    compiled(pixels, prompt_m), expected_m, atol=0, rtol=1e-4
                )
                compiled.compile_missed()
    assert (compiled.sizes, compiled.problem) == (2, ''), 'a batch is frame after frame'


def test_it_gives_the_depth_of_an_anchor(network):
    rng = torch.Generator().manual_seed(0)
    anchor = Anchor(AnchorConfig(widths=(8, 8, 8))).eval()
    torch.nn.init.normal_(anchor.head.weight, std=0.3, generator=rng)
    compiled = CompiledNetwork(anchor, OpenVinoModel)
    with torch.inference_mode():
        for _ in range(2):
            pixels = 255 * torch.rand(1, 3, 48, 64, generator=rng)
            prompt_m, network_m = (
                0.5 + torch.rand(1, 1, *size, generator=rng) for size in ((12, 16), (28, 42))
            )
            measured = (torch.rand(1, 1, 12, 16, generator=rng) < 0.8).float()
            inputs = pixels, prompt_m, measured, network_m
            torch.testing.assert_close(compiled(*inputs), anchor(*inputs), atol=0, rtol=1e-4)
            compiled.compile_missed()
    assert (compiled.sizes, compiled.problem) == (1, '')


def test_an_answer_stays_what_it_was_when_the_next_is_given(network):
    pixels, prompt_m = torch.zeros(1, 3, 42, 56), 0.5 + torch.rand(1, 1, 6, 8)
    with torch.inference_mode():
        run = OpenVinoModel(network, pixels, prompt_m)
        first_m = run(pixels, prompt_m)
        kept_m = first_m.clone()
        run(pixels + 200, 2 * prompt_m)
    assert torch.equal(first_m, kept_m)


def test_what_it_can_not_convert_is_said_and_runs_in_torch():
    class Unknown(torch.nn.Module):
        patch_px = 14

        def forward(self, pixels, prompt_m):
            return torch.special.bessel_j0(pixels.float().mean(1)) + prompt_m.mean()

    compiled = CompiledNetwork(Unknown(), OpenVinoModel)
    inputs = torch.rand(1, 3, 42, 56), torch.rand(1, 1, 6, 8)
    with torch.inference_mode():
        expected_m = compiled(*inputs)
        compiled.compile_missed()
        assert torch.equal(compiled(*inputs), expected_m)
    assert 'torch alone, no OpenVINO: ' in compiled.problem
    assert 'bessel' in compiled.problem


def test_a_signal_ends_no_process_in_which_models_came_and_went():
    """I5: of several models the first ends first, which left the thread a stack that is gone."""
    program = """
import os, signal, torch
from promptda_ros.network.engines.openvino_model import OpenVinoModel
class Sum(torch.nn.Module):
    def forward(self, pixels, prompt_m):
        return pixels.mean(1) + prompt_m.mean()
models = [OpenVinoModel(Sum(), torch.ones(1, 3, 4, 5), torch.ones(1, 1, 2, 3)) for _ in range(2)]
del models[0]
models.clear()
signal.signal(signal.SIGUSR1, lambda number, frame: print('alive'))
os.kill(os.getpid(), signal.SIGUSR1)
"""
    ran = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, 'alive\n'), ran.stderr


def test_the_logging_of_the_process_stays_as_it_was(network):
    root = logging.getLogger()
    before = (root.level, root.handlers[:], root.filters[:])
    with torch.inference_mode():
        OpenVinoModel(network, torch.zeros(1, 3, 42, 56), torch.ones(1, 1, 6, 8))
    assert (root.level, root.handlers, root.filters) == before


def test_an_installation_that_is_broken_is_said_in_a_sentence(network, monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    openvino_model.core.cache_clear()
    with torch.inference_mode(), pytest.raises(RuntimeError, match=r'ImportError|ModuleNotFound'):
        OpenVinoModel(network, torch.zeros(1, 3, 42, 56), torch.ones(1, 1, 6, 8))


def test_nothing_reports_that_openvino_is_used():
    """Its telemetry package sends an event with every import, asked or not."""
    program = (
        'from promptda_ros.network.engines import openvino_model; import sys; '
        "openvino_model.import_openvino(); print(sys.modules['openvino_telemetry'])"
    )
    ran = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert ran.stdout == 'None\n', ran.stderr
