# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small work stays on one thread, and torch has its own number again after it."""

from __future__ import annotations

from collections.abc import Iterator
import re

import pytest
import torch

from promptda_ros.core.runtime import threads
from promptda_ros.core.runtime.threads import one_thread


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    torch.set_num_threads(2)
    assert torch.get_num_threads() == 2  # torch sets up each thread when it is first asked
    yield
    torch.set_num_threads(1)


def test_torch_has_one_thread_inside_and_its_own_number_again_after():
    maps = threads.MAPS.read_text() if threads.MAPS.exists() else ''
    inside = 1 if len({*re.findall(r'/\S*libgomp\S*', maps)}) == 1 else 2
    with one_thread():
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 2
    with pytest.raises(ValueError, match='bad'), one_thread():
        raise ValueError('bad')
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize('maps', ['', '7f00 /lib/libgomp.so.1\n7f01 /torch/lib/libgomp.so.1\n'])
def test_where_openmp_is_not_known_for_sure_nothing_changes(maps, monkeypatch, tmp_path):
    path = tmp_path / 'maps'
    path.write_text(maps)
    monkeypatch.setattr(threads, 'MAPS', path)
    with one_thread():
        assert torch.get_num_threads() == 2
