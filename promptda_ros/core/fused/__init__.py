# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What surrounds the network, in few Triton kernels in place of many small ones of torch."""
