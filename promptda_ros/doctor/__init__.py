# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why no depth comes, or none that can be trusted: checks of a machine and of what arrives."""
