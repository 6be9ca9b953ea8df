# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a network follows its sensor, whatever becomes of its depth afterwards.

Random weights must never pass the trust gate (B1), with an anchor or without, and the embedded
weights always.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
import math
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch
from torch import Tensor
import torch.nn.functional as F

from promptda_ros.core.depth_space import DEPTH_SPACES, METRES
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, Depth, FloatImage, Frame
from promptda_ros.core.restore import by_torch
from promptda_ros.core.restore.anchoring import DevicePrompt
from promptda_ros.core.restore.trust import require_trust
from promptda_ros.core.restore.unexplained import LEAST_DEVIATION, unexplained
from promptda_ros.core.settings import build
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings, TrustSettings
from promptda_ros.lab.evaluation.holes import with_holes
from promptda_ros.lab.evaluation.methods import in_shape_of
from promptda_ros.lab.evaluation.reduce import reduce_median
from promptda_ros.lab.evaluation.sample import Sample
from promptda_ros.messages.picture_files import read_depth_file, read_image_file
from promptda_ros.model import load_model
from promptda_ros.network import load_network, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.anchor import Anchor
from promptda_ros.network.engines.folded import fold
from promptda_ros.network.pixels import IMAGENET_MEAN, IMAGENET_STD
from promptda_ros.share import share_folder

CPU = torch.device('cpu')
TRUST = TrustSettings()
IN_EACH_SPACE = pytest.mark.parametrize('space', DEPTH_SPACES.values(), ids=DEPTH_SPACES)


def scene(rows: int, columns: int, *, deviation: float, seed: int = 0) -> Tensor:
    """Return smooth depth (1, 1, h, w) around 1 m with this standard deviation, as a share."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.standard_normal((1, 1, 4, 4)).astype(np.float32))
    smooth = F.interpolate(coarse, (rows, columns), mode='bilinear')
    return (deviation * (smooth - smooth.mean()) / smooth.std()).exp()


def left(network_m: Tensor, prompt_m: Tensor, space=METRES, measured: Tensor | None = None):
    known = torch.ones_like(prompt_m) if measured is None else measured
    filled = SimpleNamespace(blocked=None)
    shown = DevicePrompt(filled, prompt_m, known)
    *_, cells = by_torch.judge(network_m[0, 0], shown, (0.0, math.inf), space)
    return unexplained(cells, space)


@IN_EACH_SPACE
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 9))
def test_the_sensors_own_depth_leaves_nothing(space, rows, columns, seed):
    prompt_m = torch.from_numpy(
        np.random.default_rng(seed).uniform(0.3, 5, (1, 1, rows, columns)).astype(np.float32)
    )
    assert left(prompt_m, prompt_m, space) < 1e-6


@IN_EACH_SPACE
@given(st.floats(1.5 * LEAST_DEVIATION, 0.5), st.floats(0.1, 10.0), st.integers(0, 9))
def test_one_number_leaves_all_of_it_however_it_is_chosen(space, deviation, number_m, seed):
    prompt_m = scene(24, 32, deviation=deviation, seed=seed)
    assert left(torch.full((1, 1, 84, 112), number_m), prompt_m, space) > 0.99


@IN_EACH_SPACE
@given(st.floats(0.01, 100.0))
def test_it_is_a_share_whatever_the_scale(space, scale):
    prompt_m = scene(24, 32, deviation=0.2)
    network_m = prompt_m.flip(3)
    found = left(scale * network_m, scale * prompt_m, space)
    assert found == pytest.approx(left(network_m, prompt_m, space), rel=1e-3)


@IN_EACH_SPACE
def test_what_fills_holes_counts_nothing(space):
    prompt_m = scene(48, 64, deviation=0.2)
    measured, network_m = torch.ones_like(prompt_m), prompt_m.clone()
    measured[..., 10:30, 20:50] = 0
    network_m[measured == 0] = 7.0
    assert left(network_m, prompt_m, space, measured) < 1e-6


@IN_EACH_SPACE
@given(st.floats(0.0, 0.05), st.integers(0, 9))
def test_a_network_may_smooth_the_noise_of_a_wall(space, noise, seed):
    """All that varies is noise, none of which a good network repeats."""
    rng = np.random.default_rng(seed)
    wall_m = 2 * (1 + noise * rng.standard_normal((1, 1, 192, 256))).astype(np.float32)
    smooth_m = torch.full((1, 1, 252, 336), 2.0)
    assert left(smooth_m, torch.from_numpy(wall_m), space) < TRUST.max_unexplained / 2


@IN_EACH_SPACE
@pytest.mark.parametrize('units', [0.001, 0.3048, 3.28, 1000.0])
def test_depth_in_other_units_leaves_more_than_all(space, units):
    prompt_m = scene(48, 64, deviation=0.4)
    assert left(units * prompt_m, prompt_m, space) > 1.0


# Networks


class Answers:
    """A network that answers with what a function makes of its prompt."""

    patch_px = 14

    def __init__(self, answer: Callable[[Tensor], Tensor]) -> None:
        self._answer = answer

    def __call__(self, pixels: Tensor, prompt_m: Tensor) -> Tensor:
        """Return metres (B, h, w)."""
        return F.interpolate(self._answer(prompt_m), pixels.shape[2:], mode='bilinear')[:, 0]


@cache
def real_sample() -> Sample:
    """Return the real frame of the demo, with the camera's own depth."""
    folder = share_folder() / 'assets/redwood'
    depth_m = read_depth_file(folder / 'depth_00002.png', 0.001)
    return Sample('', '', read_image_file(folder / 'color_00002.jpg'), depth_m, depth_m)


def prompts() -> dict[str, Callable[[FloatImage], FloatImage]]:
    """Return what other sensors would have measured."""
    sample = real_sample()
    return {
        'full size': lambda depth_m: depth_m,
        'half cut out': lambda depth_m: with_holes(sample, 0.5, seed=0).sensor_depth_m,
        '256x192': lambda depth_m: reduce_median(depth_m, (192, 256)),
        '64x48': lambda depth_m: reduce_median(depth_m, (48, 64)),
        'zones': lambda depth_m: in_shape_of(sample.image, reduce_median(depth_m, (8, 8))),
    }


@pytest.fixture(params=['full size', 'half cut out', '256x192', '64x48', 'zones'])
def frame(request: pytest.FixtureRequest) -> Frame:
    sample = real_sample()
    return Frame(1, '', sample.image, prompts()[request.param](sample.sensor_depth_m))


def estimate(estimator: Estimator, frame: Frame, anchor: str = 'auto') -> Depth:
    return estimator.estimate(frame, PromptSettings(), OutputSettings(anchor=anchor))


@pytest.fixture(scope='module')
def embedded() -> Estimator:
    return load_model(build({'device': 'cpu', 'engine': 'torch'})).estimator


@pytest.mark.parametrize('anchor', ['auto', 'surface', 'off'])
def test_the_embedded_network_passes_with_a_wide_margin(embedded, frame, anchor):
    depth = estimate(embedded, frame, anchor)
    require_trust(depth, TRUST)
    assert depth.unexplained < TRUST.max_unexplained / 5  # others: docs/trust_measured.md


@pytest.mark.parametrize('anchor', ['anchor', 'surface', 'off'])
@pytest.mark.parametrize('space', DEPTH_SPACES)
@pytest.mark.parametrize('seed', [0, 1])
def test_random_weights_never_pass(network_folder, frame, space, anchor, seed):
    """B1: neither an anchor nor the surface residual hides what the network says."""
    torch.manual_seed(seed)
    config = replace(load_network(network_folder).config, depth_space=space)
    network = PromptDepthAnythingForDepthEstimation(config).eval()
    folded = fold(network, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD)
    holder = Anchor().eval() if anchor == 'anchor' else None
    estimator = Estimator(folded, device=CPU, space=folded.space, anchor=holder)
    depth = estimate(estimator, frame, 'auto' if holder else anchor)
    assert depth.unexplained > 0.9
    with pytest.raises(BadFrame) as refused:
        require_trust(depth, TRUST)
    assert refused.value.reason == 'contradicts_sensor'
    require_trust(depth, replace(TRUST, gate=False))


@pytest.mark.parametrize(
    'answer',
    [
        lambda prompt_m: 1000 * prompt_m,
        lambda prompt_m: 1 / prompt_m,
        lambda prompt_m: prompt_m.amin() + prompt_m.amax() - prompt_m,
        lambda prompt_m: prompt_m.flip(2),
    ],
    ids=['millimetres', 'inverse depth', 'near and far exchanged', 'upside down'],
)
def test_what_a_network_has_wrong_is_seen_behind_an_anchor(answer):
    sample = real_sample()
    estimator = Estimator(Answers(answer), device=CPU, anchor=Anchor().eval())
    depth = estimate(estimator, Frame(1, '', sample.image, sample.sensor_depth_m))
    with pytest.raises(BadFrame, match=r'does not agree with the sensor.*more than 50%'):
        require_trust(depth, TRUST)


@pytest.mark.setting('trust.max_unexplained')
def test_the_limit_is_that_of_the_settings():
    sample = real_sample()
    estimator = Estimator(Answers(lambda prompt_m: prompt_m.flip(2)), device=CPU)
    depth = estimate(estimator, Frame(1, '', sample.image, sample.sensor_depth_m))
    require_trust(depth, replace(TRUST, max_unexplained=depth.unexplained))
    with pytest.raises(BadFrame, match=f'leaves {depth.unexplained:.0%} of the variance'):
        require_trust(depth, replace(TRUST, max_unexplained=0.99 * depth.unexplained))
