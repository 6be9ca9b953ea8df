# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The steps around the network in a few Triton kernels instead of many small ones of torch."""
