# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.prompt_depth_anything."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch
from torch.torch_version import TorchVersion

from promptda_ros.core.depth_space import DEPTH_SPACES, LOG
from promptda_ros.network import DepthEstimatorOutput, PromptDepthAnythingForDepthEstimation
from promptda_ros.network.prompt_depth_anything import depth_loss, normalise_prompt


def picture(batch: int = 1, height: int = 56, width: int = 70) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(batch, 3, height, width)


def prompt(batch: int = 1, near_m: float = 0.5, far_m: float = 3.5) -> torch.Tensor:
    torch.manual_seed(1)
    return near_m + (far_m - near_m) * torch.rand(batch, 1, 12, 16)


@pytest.fixture
def log_network(network_in):
    return network_in('log')


@pytest.mark.parametrize('size, expected', [((56, 70), (56, 70)), ((69, 99), (56, 98))])
def test_depth_has_the_size_of_the_whole_patches(tiny_network, size, expected):
    depth = tiny_network(picture(2, *size), prompt(2)).predicted_depth
    assert depth.shape == (2, *expected)


def test_depth_stays_inside_the_range_of_each_prompt(tiny_network):
    both = torch.cat((prompt(1, 0.5, 1.5), prompt(1, 4.0, 9.0)))
    first, second = tiny_network(picture(2), both).predicted_depth
    assert first.min() >= both[0].min()
    assert first.max() <= both[0].max()
    assert second.min() >= both[1].min()
    assert second.max() <= both[1].max()


def test_depth_scales_with_the_prompt(tiny_network):
    depth = tiny_network(picture(), prompt()).predicted_depth
    torch.testing.assert_close(tiny_network(picture(), 8 * prompt()).predicted_depth, 8 * depth)


def test_a_log_network_is_that_of_metres_between_a_logarithm_and_its_inverse(
    log_network, tiny_network
):
    inside = tiny_network(picture(), prompt().log()).predicted_depth
    assert torch.equal(log_network(picture(), prompt()).predicted_depth, inside.exp())


@pytest.mark.parametrize('factor', [0.01, 0.7, 8, 33.3])
def test_depth_of_a_log_network_scales_with_the_prompt(log_network, factor):
    depth = log_network(picture(), prompt()).predicted_depth
    scaled = log_network(picture(), factor * prompt()).predicted_depth
    torch.testing.assert_close(scaled, factor * depth, rtol=1e-4, atol=0)


def test_a_far_corner_takes_less_of_the_range_in_logarithms():
    """A step of 1 cm at 0.5 m, as a share of the range that the network sees."""
    steps_m = torch.tensor([0.5, 0.51, 1.0, 8.0])[None, None, None]
    shares = {
        name: normalise_prompt(steps_m, space)[0].flatten() for name, space in DEPTH_SPACES.items()
    }
    assert shares['log'][1] > 5 * shares['metres'][1]


@settings(max_examples=25)
@given(
    bad=st.sampled_from([float('nan'), -float('inf'), 0.0, -2.0]),
    places=st.sets(st.integers(0, 12 * 16 - 1), max_size=12 * 16 - 1),
)
def test_what_has_no_logarithm_becomes_the_nearest_of_the_others(bad, places):
    depth_m = prompt()
    depth_m.view(-1)[list(places)] = bad
    normalised, near, span = normalise_prompt(depth_m, LOG)
    kept_m = depth_m[depth_m > 0]
    assert normalised.isfinite().all()
    assert not normalised.view(-1)[list(places)].any()
    torch.testing.assert_close(near.exp().flatten()[0], kept_m.min())
    torch.testing.assert_close((near + span).exp().flatten()[0], kept_m.max())


def test_the_loss_of_a_log_network_is_in_metres(log_network):
    with torch.no_grad():
        depth = log_network(picture(), prompt()).predicted_depth
    loss = log_network(picture(), prompt(), labels=depth + 0.1).loss
    torch.testing.assert_close(loss, torch.tensor(0.1))
    loss.backward()
    gradients = [value.grad for value in log_network.parameters() if value.grad is not None]
    assert gradients
    assert all(each.isfinite().all() for each in gradients)


def test_without_a_prompt_depth_is_relative(tiny_network):
    depth = tiny_network(picture()).predicted_depth
    assert depth.min() >= 0
    assert depth.max() <= 1


def test_relative_networks_never_give_negative_depth(tiny_config, spread_weights):
    config = replace(tiny_config, depth_estimation_type='relative')
    network = spread_weights(PromptDepthAnythingForDepthEstimation(config))
    depth = network(picture()).predicted_depth
    assert depth.min() == 0
    assert depth.max() > 0


@pytest.mark.parametrize('value_m', [0.0, 0.7, 33.0, 65.0, -1.0])
def test_a_constant_prompt_gives_that_depth_everywhere(tiny_network, value_m):
    """D: max - min is 0, also where adding 1e-6 to one pixel is lost in float32."""
    depth = tiny_network(picture(), torch.full((1, 1, 12, 16), value_m)).predicted_depth
    assert depth.eq(value_m).all()


def test_a_constant_prompt_gives_that_depth_in_a_log_network_too(log_network):
    depth = log_network(picture(), torch.full((1, 1, 12, 16), 0.7)).predicted_depth
    torch.testing.assert_close(depth, torch.full_like(depth, 0.7))


@settings(max_examples=25)
@given(
    bad=st.sampled_from([float('nan'), float('inf'), -float('inf')]),
    places=st.sets(st.integers(0, 12 * 16 - 1), max_size=12 * 16 - 1),
    half=st.booleans(),
)
def test_normalised_prompts_are_finite_and_span_0_to_1(bad, places, half):
    depth_m = prompt()
    depth_m.view(-1)[list(places)] = bad
    given_depth = depth_m.half() if half else depth_m
    normalised, near, span = normalise_prompt(given_depth)
    kept = given_depth.float()[given_depth.isfinite()]
    assert normalised.dtype == near.dtype == span.dtype == torch.float32
    assert normalised.isfinite().all()
    assert normalised.min() == 0
    assert normalised.max() == (1 if kept.max() > kept.min() else 0)
    assert near.item() == kept.min()
    torch.testing.assert_close((near + span).item(), kept.max().item())


def test_unknown_pixels_become_the_nearer_bound():
    depth_m = torch.tensor([[1.0, 3.0, float('nan'), float('inf'), -float('inf')]])[None, None]
    normalised, near, span = normalise_prompt(depth_m)
    assert normalised.flatten().tolist() == [0, 1, 0, 1, 0]
    assert (near.item(), span.item()) == (1, 2)


def test_one_spoilt_prompt_leaves_the_others_alone(tiny_network):
    """Without one finite pixel there is no scale: NaN, which is unknown, and no made-up depth."""
    both = prompt(2)
    expected = tiny_network(picture(2), both).predicted_depth[0]
    both[1] = float('nan')
    first, second = tiny_network(picture(2), both).predicted_depth
    torch.testing.assert_close(first, expected)
    assert second.isnan().all()


needs_half = pytest.mark.skipif(
    TorchVersion(torch.__version__) < '2.4', reason='no float16 convolutions on the CPU'
)


@pytest.mark.parametrize(
    'dtype', [pytest.param(torch.float16, marks=needs_half), torch.bfloat16], ids=str
)
@pytest.mark.parametrize('space', DEPTH_SPACES)
@torch.no_grad()
def test_a_body_in_half_precision_still_gives_metres_in_float32(network_in, dtype, space):
    """The last convolution, the sigmoid and the metres: half precision would step 2 to 16 mm."""
    network = network_in(space)
    depth_m = prompt(near_m=2.0, far_m=4.0)
    exact = network(picture(), depth_m).predicted_depth
    half = network.to(dtype)(picture().to(dtype), depth_m).predicted_depth
    assert half.dtype == torch.float32
    off_the_grid = half != half.to(dtype).float()
    assert off_the_grid.float().mean() > 0.9
    assert (half - exact).abs().mean() < (2e-3 if dtype == torch.float16 else 2e-2)


@needs_half
@torch.no_grad()
def test_a_prompt_in_half_precision_is_taken_too(tiny_network):
    depth = tiny_network.half()(picture(), prompt().half()).predicted_depth
    assert depth.dtype == torch.float32
    assert depth.isfinite().all()


@torch.no_grad()
def test_float64_stays_float64(tiny_network):
    depth = tiny_network.double()(picture().double(), prompt().double()).predicted_depth
    assert depth.dtype == torch.float64


@pytest.mark.parametrize(
    'pixel_values, prompt_depth, words',
    [
        (torch.zeros(3, 56, 56), None, 'pixel_values has shape (3, 56, 56)'),
        (torch.zeros(1, 4, 56, 56), None, '(1, 4, 56, 56), must be (batch, 3, height, width)'),
        (torch.zeros(1, 3, 13, 56), None, 'at least 14 pixels'),
        (torch.zeros(1, 3, 56, 56), torch.zeros(1, 12, 16), 'prompt_depth has shape (1, 12, 16)'),
        (torch.zeros(1, 3, 56, 56), torch.zeros(1, 2, 4, 4), 'must be (batch, 1, height, width)'),
    ],
)
def test_tensors_of_another_shape_are_named(tiny_network, pixel_values, prompt_depth, words):
    with pytest.raises(ValueError, match='must be') as refusal:
        tiny_network(pixel_values, prompt_depth)
    assert words in str(refusal.value)


def test_outputs_that_were_not_asked_for_are_none(tiny_network):
    output = tiny_network(picture(), prompt())
    assert output.loss is None
    assert output.hidden_states is None
    assert output.attentions is None
    assert output.to_tuple() == (output.predicted_depth,)


def test_outputs_are_read_by_name_and_by_place(tiny_network):
    output = tiny_network(picture(), prompt(), output_attentions=True)
    assert isinstance(output, DepthEstimatorOutput)
    assert output['predicted_depth'] is output[0] is output.predicted_depth
    assert output[1] is output.attentions


def test_the_config_sets_what_comes_back(tiny_config):
    config = replace(tiny_config, output_hidden_states=True, return_dict=False)
    depth, hidden_states = PromptDepthAnythingForDepthEstimation(config)(picture())
    assert depth.ndim == 3
    assert len(hidden_states) == 5


def test_loss_is_l1_plus_half_the_gradient():
    """Worked by hand: |error| averages 0.5, its steps 1 across and 0 down."""
    depth = torch.tensor([[[1.0, 2.0], [1.0, 2.0]]])
    labels = torch.ones(1, 2, 2)
    assert depth_loss(depth, labels).item() == 0.5 + 0.5 * (1 + 0)


def test_loss_leaves_unknown_labels_out():
    depth = torch.tensor([[[1.0, 5.0], [1.0, 2.0]]], requires_grad=True)
    labels = torch.tensor([[[1.0, float('nan')], [1.0, 1.0]]])
    loss = depth_loss(depth, labels)
    loss.backward()
    torch.testing.assert_close(loss.item(), 1 / 3 + 0.5 * (1 + 0))
    assert depth.grad[0, 0, 1] == 0
    assert depth.grad.isfinite().all()


def test_loss_of_labels_that_are_all_unknown_is_zero(tiny_network):
    labels = torch.full((1, 56, 70), float('nan'))
    loss = tiny_network(picture(), prompt(), labels=labels).loss
    loss.backward()
    assert loss.item() == 0


def test_labels_of_another_size_are_refused(tiny_network):
    with pytest.raises(ValueError, match=r'labels have shape \(1, 56, 56\).*\(1, 56, 70\)'):
        tiny_network(picture(), prompt(), labels=torch.zeros(1, 56, 56))


def test_training_lowers_the_loss(tiny_network):
    labels = torch.linspace(0.5, 3.5, 56 * 70).reshape(1, 56, 70)
    optimizer = torch.optim.Adam(tiny_network.train().parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        loss = tiny_network(picture(), prompt(), labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_every_weight_that_takes_part_is_trained(tiny_network):
    """The coarsest map has nothing to be added to, and the mask token is for pre-training."""
    labels = torch.rand(1, 56, 70)
    tiny_network.train()(picture(), prompt(), labels=labels).loss.backward()
    idle = {name for name, value in tiny_network.named_parameters() if value.grad is None}
    assert all('mask_token' in name or 'layers.0.residual_layer1' in name for name in idle)


def test_new_networks_start_as_the_config_says(tiny_config):
    torch.manual_seed(0)
    network = PromptDepthAnythingForDepthEstimation(replace(tiny_config, initializer_range=0.3))
    neck = network.neck.convs[3].weight
    embedding = network.backbone.embeddings.patch_embeddings.projection.weight
    assert neck.std().item() == pytest.approx(0.3, rel=0.15)
    assert embedding.std().item() == pytest.approx(0.02, rel=0.15)
    assert network.head.conv2.bias.eq(0).all()
