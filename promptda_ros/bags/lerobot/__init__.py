# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Data sets in the format of the `lerobot` package: one episode a recording."""
