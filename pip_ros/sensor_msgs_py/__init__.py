# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ROS 2 sensor_msgs_py: point clouds to and from numpy arrays."""
