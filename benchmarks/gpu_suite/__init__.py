# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One command for a CUDA machine: is the fast path right, and how fast is it?"""
