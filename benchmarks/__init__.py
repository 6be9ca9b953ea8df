# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Timings of the product's own path; run as modules, for example `python -m benchmarks.stages`."""

from promptda_ros.process import let_threads_sleep

let_threads_sleep()  # as the node's process does, before torch is imported
