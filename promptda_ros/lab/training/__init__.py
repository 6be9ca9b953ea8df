# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training on simulated cells or on recordings of one's own sensor: `promptda train`."""
