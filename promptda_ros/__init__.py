# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Dense metric depth from a camera image and a cheap depth sensor."""

import sys

from promptda_ros import old_names

__version__ = '0.2.0'

sys.meta_path.insert(0, old_names)  # first, or old names of folders would find their files again
