# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading and checking the fields of the JSON files in a network folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
import math
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# What transformers writes into every config.json beside the fields that shape the network, and
# beside names that begin with an underscore.
# fmt: off
_FOREIGN_FIELDS = frozenset((
    'add_cross_attention', 'architectures', 'attn_implementation', 'bad_words_ids',
    'begin_suppress_tokens', 'bos_token_id', 'chunk_size_feed_forward',
    'cross_attention_hidden_size', 'decoder_start_token_id', 'diversity_penalty', 'do_sample',
    'dtype', 'early_stopping', 'encoder_no_repeat_ngram_size', 'eos_token_id',
    'exponential_decay_length_penalty', 'finetuning_task', 'forced_bos_token_id',
    'forced_eos_token_id', 'id2label', 'is_decoder', 'is_encoder_decoder', 'label2id',
    'length_penalty', 'max_length', 'min_length', 'model_type', 'no_repeat_ngram_size',
    'num_beam_groups', 'num_beams', 'num_labels', 'num_return_sequences', 'output_scores',
    'pad_token_id', 'prefix', 'problem_type', 'pruned_heads', 'remove_invalid_values',
    'repetition_penalty', 'return_dict_in_generate', 'sep_token_id', 'stage_names',
    'suppress_tokens', 'task_specific_params', 'temperature', 'tf_legacy_loss',
    'tie_encoder_decoder', 'tie_word_embeddings', 'tokenizer_class', 'top_k', 'top_p',
    'torch_dtype', 'torchscript', 'transformers_version', 'typical_p', 'use_bfloat16',
))
# fmt: on


def keep_known(
    owner: str, values: Mapping[str, Any], known: Iterable[str], foreign: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the known fields, drop those of the file format, refuse every other one."""
    known = set(known)
    for name in values:
        if name in known or name in foreign or name in _FOREIGN_FIELDS or name.startswith('_'):
            continue
        near = get_close_matches(name, known, n=1)
        hint = f'did you mean {near[0]}?' if near else f'known are: {", ".join(sorted(known))}'
        raise ValueError(f'{owner} has no field {name} (given as {values[name]!r}); {hint}')
    return {name: value for name, value in values.items() if name in known}


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise a ValueError that names the field, its value and what is allowed."""
    if not condition:
        raise ValueError(f'{field} is {value!r}, must be {allowed}')


def require_field(config: object, name: str, condition: bool, allowed: str) -> None:
    """Raise a ValueError about one field of a config."""
    require(condition, f'{type(config).__name__}.{name}', getattr(config, name), allowed)


def require_flags(config: DataclassInstance) -> None:
    """Refuse fields that are true or false by default and something else now."""
    for field in fields(config):
        if isinstance(field.default, bool):
            value = getattr(config, field.name)
            require_field(config, field.name, isinstance(value, bool), 'true or false')


def require_list(config: object, name: str) -> None:
    """Turn a list field into a tuple, in place; refuse what is no list."""
    value = getattr(config, name)
    require_field(config, name, isinstance(value, (list, tuple)), 'a list')
    object.__setattr__(config, name, tuple(value))


def require_choice(config: object, name: str, choices: tuple[str, ...]) -> None:
    """Refuse a field that is not one of the choices."""
    require_field(config, name, getattr(config, name) in choices, f'one of {", ".join(choices)}')


def require_whole(config: object, *names: str) -> None:
    """Refuse fields that are not whole numbers above 0."""
    for name in names:
        require_field(config, name, is_whole(getattr(config, name)), 'a whole number above 0')


def require_number(
    config: object, *names: str, at_least: float = -math.inf, below: float = math.inf
) -> None:
    """Refuse fields that are not numbers in [at_least, below)."""
    for name in names:
        value = getattr(config, name)
        inside = is_number(value) and at_least <= value < below
        require_field(config, name, inside, f'a number from {at_least} to below {below}')


def require_model_type(config_class: type, values: Mapping[str, Any], expected: str) -> None:
    """Refuse the config of another kind of model; a missing model_type is fine."""
    value = values.get('model_type', expected)
    require(value == expected, f'{config_class.__name__}.model_type', value, expected)


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number above 0; True is not a number."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def is_number(value: object) -> bool:
    """Tell whether a value is a number; True is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_factor(value: Any) -> bool:
    """Tell whether a value is a scale that convolutions reach: 1, 2, 3, ... or below 1."""
    return is_number(value) and (0 < value < 1 or (value >= 1 and float(value).is_integer()))


def names_of(config_class: type[Any]) -> list[str]:
    """Return the names of the fields of a dataclass."""
    return [field.name for field in fields(config_class)]


def to_plain(**values: Any) -> dict[str, Any]:
    """Return values as JSON knows them: tuples become lists."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
