# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A long recording cut in time, worked on piece by piece, and joined to one result."""
