# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera's messages -> depth and everything made of it, for the node and for recordings."""
