# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders of picture pairs in place of recordings, for those who have no ROS."""
