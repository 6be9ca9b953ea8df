# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node: joins inputs, pairing, the worker, the estimator and the outputs; lifecycle; main()."""

from __future__ import annotations

from collections import Counter
import os
import sys
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import Image

from promptda_ros import __version__, messages, supervision
from promptda_ros.calibration import Calibration
from promptda_ros.core.device import DeviceError
from promptda_ros.core.estimator import Estimator
from promptda_ros.core.frame import BadFrame, Depth
from promptda_ros.core.pairing import Pair
from promptda_ros.core.settings import SettingError, Settings
from promptda_ros.core.stages import StageTimes
from promptda_ros.core.worker import Worker
from promptda_ros.diagnostics import Diagnostics, Drops
from promptda_ros.inputs import Inputs
from promptda_ros.loading import load_estimator, LoadedModel
from promptda_ros.network import CheckpointError
from promptda_ros.outputs import Outputs
from promptda_ros.parameters import Parameters
