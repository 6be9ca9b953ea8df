# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Statistics of columns, by which training normalises: of an episode, and of all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Statistics = dict[str, Any]  # names to nested lists, as the files have them

QUANTILES = {'q01': 0.01, 'q10': 0.1, 'q50': 0.5, 'q90': 0.9, 'q99': 0.99}
LONGER_SIDE = 160  # of what is counted of a picture; more changes nothing


class PixelStatistics:
    """Counts each value of each channel, so that memory does not grow with the frames."""

    def __init__(self, channels: int, values: int) -> None:
        self._counts = np.zeros((channels, values), np.int64)
        self._frames = 0

    def add(self, picture: npt.NDArray[np.unsignedinteger[Any]]) -> None:
        """Count the pixels (H, W) or (H, W, channels) of a frame."""
        step = max(1, max(picture.shape[:2]) // LONGER_SIDE)
        channels, values = self._counts.shape
        seen = picture[::step, ::step].reshape(-1, channels)
        for channel in range(channels):
            self._counts[channel] += np.bincount(seen[:, channel], minlength=values)
        self._frames += 1

    def result(self, scale: float = 1.0) -> Statistics:
        """Return statistics of the values times a scale, each of shape (channels, 1, 1)."""
        found = [self._of(counts, scale) for counts in self._counts]
        by_name = {name: [[[each[name]]] for each in found] for name in found[0]}
        return {**by_name, 'count': [self._frames]}

    @staticmethod
    def _of(counts: npt.NDArray[np.int64], scale: float) -> dict[str, float]:
        values = np.flatnonzero(counts)
        weights = counts[values]
        mean = float(np.average(values, weights=weights))
        variance = float(np.average((values - mean) ** 2, weights=weights))
        up_to = np.cumsum(weights)
        ranks = {name: np.searchsorted(up_to, q * up_to[-1]) for name, q in QUANTILES.items()}
        found = {
            'min': values[0],
            'max': values[-1],
            'mean': mean,
            'std': np.sqrt(variance),
            **{name: values[rank] for name, rank in ranks.items()},
        }
        return {name: float(value * scale) for name, value in found.items()}


def of_numbers(values: npt.NDArray[Any]) -> Statistics:
    """Return statistics of a column (N,) of numbers, each of shape (1,)."""
    quantiles = np.quantile(values, list(QUANTILES.values()))
    return {
        'min': [values.min().item()],
        'max': [values.max().item()],
        'mean': [float(values.mean(dtype=np.float64))],
        'std': [float(values.std(dtype=np.float64))],
        'count': [len(values)],
        **{name: [float(value)] for name, value in zip(QUANTILES, quantiles, strict=True)},
    }


def combine(parts: list[Statistics]) -> Statistics:
    """Return the statistics of several episodes together; quantiles are their weighted mean."""
    counts = np.array([part['count'][0] for part in parts], np.float64)

    def mean_of(arrays: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.tensordot(counts / counts.sum(), arrays, axes=1)

    def stack(name: str) -> npt.NDArray[np.float64]:
        return np.array([part[name] for part in parts], np.float64)

    mean = mean_of(stack('mean'))
    variance = mean_of(stack('std') ** 2 + (stack('mean') - mean) ** 2)
    return {
        'min': stack('min').min(axis=0).tolist(),
        'max': stack('max').max(axis=0).tolist(),
        'mean': mean.tolist(),
        'std': np.sqrt(variance).tolist(),
        'count': [int(counts.sum())],
        **{name: mean_of(stack(name)).tolist() for name in QUANTILES},
    }
