# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors of the depth of one frame, in figures that matter for a gripper.

Unless said otherwise an error counts every pixel whose truth is known. Where a method gives no
answer (NaN), bilinear upsampling of the hole-filled sensor depth is judged in its place, so that
silence is neither free nor gains more than that; `coverage` says how much was answered.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
import numpy.typing as npt
import torch

from promptda_ros.core.depth_space import DepthSpace, METRES
from promptda_ros.core.frame import ByteImage, FloatImage, Mask
from promptda_ros.core.geometry.enlarge import enlarge_bilinear, enlarge_mask
from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.lab.edges import EDGE_REACH_PX, EDGE_STEP
from promptda_ros.lab.evaluation.sample import Sample

DELTA = 1.25**0.5
PRINT_STEP = 24  # grey levels over two pixels, where the truth has no step: a print or a shadow
ON_SURFACE = 0.02  # nearer than this to a true depth around it, a pixel lies on that surface
RIGHT = 0.005  # relative; upsampled bilinearly nearer than this to the truth, the sensor was right
RANGES_M = ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, np.inf))


@dataclass(frozen=True)
class FrameErrors:
    """The figures of one method on one frame; NaN where no pixel is concerned."""

    mae_m: float
    rmse_m: float
    abs_rel: float
    delta: float  # share of pixels with max(depth / truth, truth / depth) < 1.25^0.5
    edge_mae_m: float  # within 3 px of a step over 3 % of the truth
    flat_mae_m: float  # everywhere else
    print_mae_m: float  # there, within 3 px of a step of the picture alone
    flying_share: float  # of the pixels there: see `Judge._flying_share`
    hole_mae_m: float  # where the sensor has no value
    right_m: float  # median error where bilinear upsampling is within 0.5 % of the truth
    sensor_right_m: float  # the median error of bilinear upsampling there
    answered_mae_m: float  # only where the method gave an answer
    coverage: float  # share of the pixels with an answer
    saturated: float  # share of the answers at an end of the prompt's range
    relative_mae: float  # as a share of that of bilinear upsampling,
    relative_edge_mae: float  # in the edge band,
    relative_flat_mae: float  # outside of it,
    relative_print_mae: float  # there, next to what the picture alone shows,
    relative_hole_mae: float  # and where the sensor has no value
    to_half_m: float  # MAE where the truth is nearer than 0.5 m,
    to_one_m: float  # from there to 1 m,
    to_two_m: float  # from there to 2 m,
    beyond_two_m: float  # and farther


@dataclass(frozen=True)
class Judge:
    """The reference for one frame's depth, computed once for all methods."""

    truth_m: FloatImage  # (H, W), NaN unknown
    bilinear_m: FloatImage  # (H, W), stands in for missing answers
    known: Mask  # (H, W), the truth is known
    edge: Mask  # (H, W), the edge band
    printed: Mask  # (H, W), outside of it, next to a step of the picture
    right: Mask  # (H, W), the sensor measured, and bilinear upsampling of it is right
    hole: Mask  # (H, W), the sensor has no value
    around_m: FloatImage  # (E, N), all true depths around each pixel of the edge band, NaN unknown
    near_m: float
    far_m: float

    @classmethod
    def of(cls, sample: Sample, settings: PromptSettings) -> Judge:
        """Prepare the judgement of one frame.

        Raises:
            BadFrame: the sensor measured too little for any method.
        """
        truth_m = sample.truth_m
        prompt = condition(sample.sensor_depth_m, settings)
        bilinear_m = enlarge_bilinear(prompt.depth_m, truth_m.shape)
        known = np.isfinite(truth_m)
        measured = enlarge_mask(prompt.reading.measured, truth_m.shape)
        edge = edge_band(truth_m)
        error_m = np.abs(bilinear_m - truth_m)
        return cls(
            truth_m=truth_m,
            bilinear_m=bilinear_m,
            known=known,
            edge=edge,
            printed=known & ~edge & contrast_band(sample.image),
            right=known & measured & (error_m < RIGHT * truth_m),
            hole=known & ~measured,
            around_m=_around(truth_m, edge),
            near_m=prompt.near_m,
            far_m=prompt.far_m,
        )

    def errors(self, depth_m: FloatImage, *, space: DepthSpace = METRES) -> FrameErrors:
        """Judge depth (H, W) in metres, NaN where the method has no answer.

        space: in which the method works.
        """
        answered = np.isfinite(depth_m)
        complete_m = np.where(answered, depth_m, self.bilinear_m)
        error_m = np.abs(complete_m - self.truth_m).astype(np.float64)
        bilinear_error_m = np.abs(self.bilinear_m - self.truth_m).astype(np.float64)
        flat = self.known & ~self.edge
        relative = [
            _ratio(_mean(error_m[part]), _mean(bilinear_error_m[part]))
            for part in (self.known, self.edge, flat, self.printed, self.hole)
        ]
        known, truth_m = self.known, self.truth_m[self.known]
        ratio = np.maximum(complete_m[known], 1e-6) / truth_m
        by_range = [
            _mean(error_m[known & (self.truth_m >= low_m) & (self.truth_m < high_m)])
            for low_m, high_m in RANGES_M
        ]
        return FrameErrors(
            mae_m=_mean(error_m[known]),
            rmse_m=float(np.sqrt(_mean(np.square(error_m[known])))),
            abs_rel=_mean(error_m[known] / truth_m),
            delta=_mean(np.maximum(ratio, 1 / ratio) < DELTA),
            edge_mae_m=_mean(error_m[self.edge]),
            flat_mae_m=_mean(error_m[flat]),
            print_mae_m=_mean(error_m[self.printed]),
            flying_share=self._flying_share(depth_m),
            hole_mae_m=_mean(error_m[self.hole]),
            right_m=_median(error_m[self.right]),
            sensor_right_m=_median(bilinear_error_m[self.right]),
            answered_mae_m=_mean(error_m[known & answered]),
            coverage=_mean(answered[known]),
            saturated=_mean(self._at_end(depth_m[known & answered], space)),
            relative_mae=relative[0],
            relative_edge_mae=relative[1],
            relative_flat_mae=relative[2],
            relative_print_mae=relative[3],
            relative_hole_mae=relative[4],
            to_half_m=by_range[0],
            to_one_m=by_range[1],
            to_two_m=by_range[2],
            beyond_two_m=by_range[3],
        )

    def _flying_share(self, depth_m: FloatImage) -> float:
        """Return the share of the edge band that floats between two surfaces.

        A pixel flies when its depth lies between the nearest and the farthest true depth within
        3 px of it and is more than 2 % away from every true depth there. The truth itself never
        flies, a slanted surface does not either, and no answer does not fly.
        """
        at_edge_m = depth_m[self.edge][:, None]  # (E, 1)
        nearest_m, farthest_m = np.nanmin(self.around_m, axis=1), np.nanmax(self.around_m, axis=1)
        between = (at_edge_m[:, 0] > nearest_m) & (at_edge_m[:, 0] < farthest_m)
        on_surface = np.abs(at_edge_m - self.around_m) <= ON_SURFACE * self.around_m
        return _mean(between & ~on_surface.any(axis=1))

    def _at_end(self, answers_m: FloatImage, space: DepthSpace) -> Mask:
        """Mark answers as the estimator does."""
        answers = torch.from_numpy(answers_m)
        at_end: Mask = space.at_end(answers, self.near_m, self.far_m).numpy()
        return at_end


def edge_band(truth_m: FloatImage) -> Mask:
    """Mark the known pixels (H, W) up to 3 px away from a large step between two known ones."""
    at_step = np.zeros(truth_m.shape, np.uint8)
    for first, second in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        nearer_m = np.minimum(truth_m[first], truth_m[second])
        # NaN on either side makes the comparison false.
        step = np.abs(truth_m[first] - truth_m[second]) > EDGE_STEP * nearer_m
        at_step[first] |= step
        at_step[second] |= step
    band: Mask = _reached(at_step) & np.isfinite(truth_m)
    return band


def contrast_band(image: ByteImage) -> Mask:
    """Mark the pixels (H, W) up to 3 px away from a large step of brightness."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    window = np.ones((3, 3), np.uint8)
    return _reached(cv2.dilate(grey, window) - cv2.erode(grey, window) >= PRINT_STEP)


def _reached(at_step: Mask | ByteImage) -> Mask:
    """Widen what lies on either side of a step to 3 px: it is the first of the three."""
    side = 2 * (EDGE_REACH_PX - 1) + 1
    reached: Mask = cv2.dilate(at_step.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return reached


def _around(truth_m: FloatImage, edge: Mask) -> FloatImage:
    reach = EDGE_REACH_PX
    padded_m = np.pad(truth_m, reach, constant_values=np.nan)
    side = 2 * reach + 1
    windows_m = sliding_window_view(padded_m, (side, side))  # (H, W, side, side)
    around_m: FloatImage = windows_m[edge].reshape(-1, side * side)
    return around_m


def _mean(values: npt.NDArray[np.float64] | Mask) -> float:
    return float(values.mean()) if values.size else np.nan


def _ratio(error_m: float, reference_m: float) -> float:
    """Divide; where the reference has no error there is no share of it."""
    return error_m / reference_m if reference_m > 0 else np.nan


def _median(values: npt.NDArray[np.floating]) -> float:
    return float(np.median(values)) if values.size else np.nan
