# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the workspace's setup files: large images between processes (docs/install.md). A .dsv file could set each
# variable where it is unset, but not leave all alone where the user chose transports by another one.
eval "$(python3 -m promptda_ros.dds_environment)"
