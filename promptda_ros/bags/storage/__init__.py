# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files of recordings: reading and writing MCAP and SQLite, reading ROS 1."""
