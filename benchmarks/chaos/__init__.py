# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A real node under faults of its cameras and its machine, and an observer that knows the truth.

`python -m benchmarks.chaos --minutes 30`. `faults/` says what happens, `stage.py` what it happens
to, `judge.py` and `account.py` what must hold.
"""
