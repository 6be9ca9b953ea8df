# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keywords and fields of transformers that have no effect here: accepted and ignored.

A name with a list of values is accepted with these only: any other value would need an effect.
"""

from __future__ import annotations

from promptda_ros.network.fields import Foreign

NO: tuple[object, ...] = (None, False)
YES: tuple[object, ...] = (None, True)

# Keywords of from_pretrained and save_pretrained: where to fetch from, and how.
LOADING: Foreign = {
    **dict.fromkeys(('cache_dir', 'force_download', 'local_files_only', 'proxies')),
    **dict.fromkeys(('token', 'use_auth_token', 'revision', 'code_revision', 'resume_download')),
    **dict.fromkeys(('trust_remote_code', 'low_cpu_mem_usage', 'attn_implementation')),
    **dict.fromkeys(('disable_mmap', 'max_memory', 'offload_folder', 'offload_state_dict')),
    **dict.fromkeys(('use_fast', 'backend', 'is_main_process', 'save_original_format')),
    'use_safetensors': YES,  # a pickle is never opened
    'safe_serialization': YES,  # nor written
    'weights_only': YES,
    'ignore_mismatched_sizes': NO,  # it would leave random weights
    'push_to_hub': NO,  # nothing is ever uploaded
    'variant': (None,),
    'quantization_config': (None,),
}

# What every config.json of transformers may hold beside the fields that shape the network.
CONFIG: Foreign = {
    **dict.fromkeys(('add_cross_attention', 'architectures', 'attn_implementation')),
    **dict.fromkeys(('bad_words_ids', 'begin_suppress_tokens', 'bos_token_id')),
    **dict.fromkeys(('chunk_size_feed_forward', 'cross_attention_hidden_size')),
    **dict.fromkeys(('decoder_start_token_id', 'diversity_penalty', 'do_sample', 'dtype')),
    **dict.fromkeys(('early_stopping', 'encoder_no_repeat_ngram_size', 'eos_token_id')),
    **dict.fromkeys(('exponential_decay_length_penalty', 'finetuning_task')),
    **dict.fromkeys(('forced_bos_token_id', 'forced_eos_token_id', 'id2label', 'is_decoder')),
    **dict.fromkeys(('is_encoder_decoder', 'label2id', 'length_penalty', 'max_length')),
    **dict.fromkeys(('min_length', 'name_or_path', 'no_repeat_ngram_size', 'num_beam_groups')),
    **dict.fromkeys(('num_beams', 'num_labels', 'num_return_sequences', 'output_scores')),
    **dict.fromkeys(('pad_token_id', 'prefix', 'problem_type', 'remove_invalid_values')),
    **dict.fromkeys(('repetition_penalty', 'return_dict_in_generate', 'sep_token_id')),
    **dict.fromkeys(('stage_names', 'suppress_tokens', 'task_specific_params', 'temperature')),
    **dict.fromkeys(('tf_legacy_loss', 'tie_encoder_decoder', 'tie_word_embeddings')),
    **dict.fromkeys(('tokenizer_class', 'top_k', 'top_p', 'torch_dtype', 'torchscript')),
    **dict.fromkeys(('transformers_version', 'typical_p', 'use_bfloat16')),
    'pruned_heads': (None, {}),
}

# The same of a backbone_config. Those of the whole network count where transformers repeats them.
BACKBONE: Foreign = {
    **CONFIG,
    **dict.fromkeys(('output_attentions', 'output_hidden_states', 'return_dict')),
    **dict.fromkeys(('intermediate_size', 'is_training')),  # mlp_ratio sets the size
}

# What every preprocessor_config.json may hold.
PROCESSOR: Foreign = {
    'image_processor_type': (
        None,
        'PromptDepthAnythingImageProcessor',
        'PromptDepthAnythingImageProcessorFast',
        'PromptDepthAnythingImageProcessorPil',
    ),
    **dict.fromkeys(('feature_extractor_type', 'processor_class', 'default_to_square')),
    **dict.fromkeys(('disable_grouping', 'image_seq_length')),
    **dict.fromkeys(('do_convert_rgb', 'crop_size')),  # theirs never does either for this model
    'do_center_crop': NO,
    'pad_size': (None,),
    'return_tensors': (None,),
    'data_format': (None, 'channels_first'),
    'input_data_format': (None,),
    'device': (None, 'cpu'),
}

# Of one call of the processor.
CALL: Foreign = {**PROCESSOR, **dict.fromkeys(('use_fast', 'backend'))}
