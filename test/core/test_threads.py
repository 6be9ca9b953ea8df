# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests of promptda_ros.core.threads."""

from __future__ import annotations

import pytest
import torch

from promptda_ros.core.threads import one_thread


def test_torch_has_one_thread_inside_and_its_own_number_again_after():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_a_failure_inside_leaves_the_number_as_it_was():
    torch.set_num_threads(2)
    with pytest.raises(ValueError, match='bad'), one_thread():
        raise ValueError('bad')
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
