# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Depth edges in a ground truth, as training weighs and evaluation counts them."""

EDGE_STEP = 0.03  # a larger relative step between neighbours is an edge
EDGE_REACH_PX = 3  # pixels on either side of the step
