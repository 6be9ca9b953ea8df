# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that needs a running node: listens, reads, publishes, reports."""
