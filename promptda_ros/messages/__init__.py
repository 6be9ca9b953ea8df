# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages <-> arrays: one decoder a format, which needs no ROS; no node."""
