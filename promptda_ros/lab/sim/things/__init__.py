# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What lies on the table of the cell: meshes and bodies of MuJoCo."""
