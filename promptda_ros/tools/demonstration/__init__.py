# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parts of the demo that run without a node: a real frame, its figure and its error."""
