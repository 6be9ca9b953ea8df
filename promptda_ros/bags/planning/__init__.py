# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is to be done with a recording: its topics, its pairs, and what belongs to each."""
