#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Run a command in the workspace; its hook also sets the variables for large images.
# shellcheck disable=SC1090,SC1091
set -e
source "/opt/ros/$ROS_DISTRO/setup.bash"
source /ws/install/setup.bash
exec "$@"
