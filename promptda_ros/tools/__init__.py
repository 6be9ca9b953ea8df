# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Command lines, each a `main(argv) -> exit code` in a file of its own."""
