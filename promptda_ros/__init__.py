# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Dense metric depth from a camera image and a cheap depth sensor."""

__version__ = '0.2.0'
