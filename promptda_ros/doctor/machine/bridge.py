# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether cv_bridge, where it is installed, fits the NumPy that Python finds."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from promptda_ros.core.frame import BadFrame
from promptda_ros.doctor.finding import Finding, Sound, WARNING
from promptda_ros.messages.encodings import bayer_to_rgb


class BridgeCheck:
    """Converts a picture that only cv_bridge can."""

    def look(self) -> Iterator[Finding | Sound]:
        """Try a mosaic of 2x2 pixels."""
        numpy = f'NumPy {np.__version__}'
        if find_spec('cv_bridge') is None:
            yield Sound('numpy', f'{numpy}; no cv_bridge, which Bayer and YUV images would need')
            return
        try:
            bayer_to_rgb(np.zeros((2, 2), np.uint8), 'bayer_rggb8')
        except BadFrame as error:
            why = f'{numpy} is here, and images in Bayer or YUV encodings are dropped'
            yield Finding.of_sentence('numpy', WARNING, str(error), why, f'{numpy} does not fit')
        else:
            yield Sound('numpy', f'{numpy}, which cv_bridge works with')
