# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Grasps that are planned on a cloud and tried by physics: what an error of the depth costs."""
