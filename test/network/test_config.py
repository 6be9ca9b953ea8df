# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.network.config and promptda_ros.network.dinov2_config."""

from __future__ import annotations

import json

import pytest

from promptda_ros.network import CheckpointError, Dinov2Config, PromptDepthAnythingConfig

TOKENS = {'reshape_hidden_states': False, 'out_indices': [3, 6, 9, 12]}
GIANT = {'hidden_size': 1536, 'num_attention_heads': 24, 'num_hidden_layers': 40}


def refusal(build, *args, **kwargs) -> str:
    with pytest.raises(ValueError, match=r'must be|has no') as caught:
        build(*args, **kwargs)
    return str(caught.value)


def test_the_default_is_the_small_relative_network():
    config = PromptDepthAnythingConfig()
    assert config.dinov2.hidden_size == config.reassemble_hidden_size == 384
    assert config.dinov2.out_features == ['stage9', 'stage10', 'stage11', 'stage12']
    assert config.depth_estimation_type == 'relative'
    assert config.max_depth is None


@pytest.mark.parametrize(
    'size, hidden, layers, heads',
    [
        ('small', 384, 12, 6),
        ('base', 768, 12, 12),
        ('large', 1024, 24, 16),
        ('giant', 1536, 40, 24),
    ],
)
def test_published_backbones_are_known_by_name(size, hidden, layers, heads):
    config = PromptDepthAnythingConfig(
        backbone=f'facebook/dinov2-{size}',
        backbone_kwargs=TOKENS,
        reassemble_hidden_size=hidden,
    ).dinov2
    assert (config.hidden_size, config.num_hidden_layers) == (hidden, layers)
    assert config.num_attention_heads == heads
    assert config.use_swiglu_ffn == (size == 'giant')
    assert config.image_size == 518


def test_configs_survive_json():
    config = PromptDepthAnythingConfig(
        backbone_config={
            **GIANT,
            'use_swiglu_ffn': True,
            'out_indices': [10, 20, 30, 40],
            'reshape_hidden_states': False,
            'position_interpolation': 'original',
        },
        reassemble_hidden_size=1536,
        reassemble_factors=[4, 2, 1, 0.25],
        depth_estimation_type='metric',
        max_depth=80,
        depth_space='log',
    )
    text = config.to_json_string()
    assert PromptDepthAnythingConfig.from_json_string(text) == config
    assert json.loads(text)['backbone_config']['position_interpolation'] == 'original'
    assert PromptDepthAnythingConfig.from_dict(config.to_dict()) == config


def test_configs_survive_a_folder(tmp_path):
    config = PromptDepthAnythingConfig(head_hidden_size=16)
    config.save_pretrained(tmp_path / 'new')
    assert PromptDepthAnythingConfig.from_pretrained(tmp_path / 'new') == config


def test_configs_are_checked_when_they_are_changed():
    config = PromptDepthAnythingConfig()
    before = config.to_dict()
    for name, value in (('patch_size', 16), ('return_dict', 1), ('neck_hidden_sizes', [4])):
        with pytest.raises(ValueError, match=f'{name} is .*, must be'):
            setattr(config, name, value)
    with pytest.raises(ValueError, match='hidden_size is 5, must be a multiple of'):
        config.backbone_config.hidden_size = 5
    with pytest.raises(
        ValueError, match=r'has no fusion_hiden_size .* did you mean fusion_hidden'
    ):
        config.fusion_hiden_size = 3
    assert config.to_dict() == before
    config.output_hidden_states = True
    assert config.to_dict() == {**before, 'output_hidden_states': True}


def test_fields_that_transformers_adds_are_passed_over():
    values = PromptDepthAnythingConfig().to_dict()
    values.update(
        _commit_hash=None,
        _name_or_path='',
        architectures=['X'],
        torch_dtype='float32',
        transformers_version='4.50.0',
    )
    values.update(
        backbone=None, use_timm_backbone=False, use_pretrained_backbone=False, backbone_kwargs=None
    )
    values['backbone_config'].update(stage_names=['stem'], id2label={'0': 'A'}, return_dict=True)
    assert PromptDepthAnythingConfig.from_dict(values) == PromptDepthAnythingConfig()


def test_unknown_fields_are_named_with_the_nearest_known_one():
    message = refusal(PromptDepthAnythingConfig.from_dict, {'fusion_hiden_size': 3})
    assert 'fusion_hiden_size (given as 3)' in message
    assert 'did you mean fusion_hidden_size?' in message
    message = refusal(Dinov2Config.from_dict, {'zzz': 1})
    assert 'zzz (given as 1)' in message
    assert 'hidden_size' in message


@pytest.mark.parametrize(
    'values, words',
    [
        ({'patch_size': 16}, ('patch_size is 16', 'backbone_config.patch_size=14')),
        ({'patch_size': [14, 14]}, ('patch_size is [14, 14]', 'whole number')),
        ({'patch_size': True}, ('patch_size is True', 'whole number')),
        ({'initializer_range': -1}, ('initializer_range is -1', 'from 0')),
        ({'initializer_range': '1'}, ("initializer_range is '1'", 'a number')),
        ({'reassemble_hidden_size': 5}, ('reassemble_hidden_size is 5', 'hidden_size=384')),
        ({'reassemble_factors': [4, 2]}, ('reassemble_factors is (4, 2)', 'as many')),
        ({'reassemble_factors': [4, 2, 1, 0]}, ('(4, 2, 1, 0)', 'fractions between 0 and 1')),
        ({'reassemble_factors': [4, 2, 1.5, 1]}, ('1.5', 'whole numbers')),
        ({'neck_hidden_sizes': 5}, ('neck_hidden_sizes is 5', 'a list')),
        ({'return_dict': 1}, ('return_dict is 1', 'true or false')),
        ({'neck_hidden_sizes': [1, 2, 3, 0]}, ('neck_hidden_sizes is (1, 2, 3, 0)', 'above 0')),
        (
            {'neck_hidden_sizes': [1, 2], 'reassemble_factors': [2, 1]},
            ('neck_hidden_sizes is (1, 2)', 'out_indices=(9, 10, 11, 12)'),
        ),
        ({'fusion_hidden_size': 1}, ('fusion_hidden_size is 1', 'above 1')),
        ({'fusion_hidden_size': 'x'}, ("fusion_hidden_size is 'x'", 'whole number')),
        ({'head_hidden_size': 0}, ('head_hidden_size is 0', 'above 0')),
        ({'head_in_index': 4}, ('head_in_index is 4', 'from -4 to 3')),
        ({'depth_estimation_type': 'exact'}, ("'exact'", 'relative, metric')),
        ({'max_depth': -2}, ('max_depth is -2', 'from 0')),
        ({'depth_space': 'Log'}, ("depth_space is 'Log'", 'metres, log')),
        ({'depth_space': ['log']}, ("depth_space is ['log']", 'metres, log')),
        ({'depth_space': 'log'}, ("depth_space is 'log'", 'relative')),
        (
            {'backbone': 'resnet50'},
            ("backbone is 'resnet50'", 'facebook/dinov2-small', 'backbone_config'),
        ),
        (
            {'use_timm_backbone': True, 'backbone': 'vit_small_patch14_dinov2'},
            ('use_timm_backbone is True', 'must be False', 'backbone_config'),
        ),
        (
            {'use_pretrained_backbone': True, 'backbone': 'facebook/dinov2-small'},
            ('use_pretrained_backbone is True', 'from_pretrained(folder)'),
        ),
        ({'backbone_kwargs': {'out_indices': [1]}}, ('backbone_kwargs', 'backbone_config')),
        (
            {'backbone': 'facebook/dinov2-small', 'backbone_config': {}},
            ("backbone is 'facebook/dinov2-small'", 'left out'),
        ),
        ({'backbone_config': {}, 'backbone_kwargs': {'a': 1}}, ("{'a': 1}", 'left out')),
        (
            {
                'backbone': 'facebook/dinov2-small',
                'backbone_kwargs': {'out_indices': [3, 6, 9, 12]},
            },
            ('reshape_hidden_states is True', 'must be False'),
        ),
        ({'backbone_config': {'model_type': 'beit'}}, ("model_type is 'beit'", 'dinov2')),
    ],
    ids=str,
)
def test_values_that_cannot_be_are_named_with_what_is_allowed(values, words):
    message = refusal(PromptDepthAnythingConfig, **values)
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    'values, words',
    [
        (
            {'hidden_size': 10, 'num_attention_heads': 4},
            ('hidden_size is 10', 'num_attention_heads=4'),
        ),
        ({'hidden_act': 'tanh'}, ("hidden_act is 'tanh'", 'gelu, relu, silu')),
        ({'image_size': 13}, ('image_size is 13', 'patch_size=14')),
        ({'image_size': [28, 14]}, ('image_size is [28, 14]', 'whole number')),
        ({'drop_path_rate': 1}, ('drop_path_rate is 1', 'below 1')),
        ({'mlp_ratio': 0}, ('mlp_ratio is 0', 'above 0')),
        ({'position_interpolation': 'nearest'}, ('nearest', 'hugging_face, original')),
        ({'out_indices': [1, 13]}, ('out_indices is (1, 13)', 'num_hidden_layers=12')),
        ({'out_indices': [2, 1]}, ('out_indices is (2, 1)', 'ascending')),
        ({'out_indices': [1, -12]}, ('ascending',)),
        ({'out_features': ['stage1', 'block2']}, ("'block2']", 'stage1, stage2')),
        ({'out_features': 3}, ('out_features is 3', 'a list of')),
        ({'out_indices': 3}, ('out_indices is 3', 'a list')),
        ({'use_swiglu_ffn': 'yes'}, ("use_swiglu_ffn is 'yes'", 'true or false')),
        ({'out_features': ['stage1'], 'out_indices': [2]}, ("out_features is ['stage1']", '(2,)')),
    ],
    ids=str,
)
def test_backbones_that_cannot_be_are_refused(values, words):
    message = refusal(Dinov2Config.from_dict, values)
    for word in words:
        assert word in message


def test_stages_may_be_given_by_name_or_by_number():
    by_name = Dinov2Config.from_dict({'out_features': ['stem', 'stage3', 'stage12']})
    assert by_name.out_indices == (0, 3, 12)
    assert Dinov2Config(out_indices=[-13, 3, -1]) == by_name
    assert Dinov2Config().out_features == ['stage12']


def test_square_pairs_are_taken_as_one_side():
    assert Dinov2Config(image_size=[518, 518], patch_size=(14, 14)).image_size == 518


def test_another_kind_of_model_is_refused():
    message = refusal(PromptDepthAnythingConfig.from_dict, {'model_type': 'depth_anything'})
    assert "'depth_anything', must be prompt_depth_anything" in message


@pytest.mark.parametrize('text', ['{', '[]', '{"patch_size": 3}', '{"backbone_config": 3}'])
def test_a_damaged_config_file_is_a_checkpoint_error_that_names_it(tmp_path, text):
    (tmp_path / 'config.json').write_text(text)
    with pytest.raises(CheckpointError, match=r'config.json.*promptda fetch_model'):
        PromptDepthAnythingConfig.from_pretrained(tmp_path)
