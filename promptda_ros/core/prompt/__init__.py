# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sensor depth -> prompt: what was measured, and what fills the rest."""
