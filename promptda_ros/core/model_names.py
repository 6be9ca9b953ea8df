# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Networks that have a name: the embedded one, and those that `promptda fetch_model` stores."""

EMBEDDED = 'promptda-tiny'
# A network that is fetched -> the next smaller one.
SMALLER = {'vits': EMBEDDED, 'vits-transparent': EMBEDDED, 'vitl': 'vits'}
FETCHABLE = tuple(SMALLER)
