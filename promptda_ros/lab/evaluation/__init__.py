# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares depth with the truth: methods, figures, readers of frames; without ROS."""
