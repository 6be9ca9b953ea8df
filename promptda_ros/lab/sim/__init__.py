# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated camera and depth sensor over a grasping table (MuJoCo, optional extra)."""
