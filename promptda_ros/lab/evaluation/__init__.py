# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Judges depth against the truth: what is compared, how, and on which frames; without ROS."""
