# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node: joins the parts and gives them a life cycle."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
import re
import traceback

from lifecycle_msgs.srv import ChangeState
from rclpy.clock import Clock, ClockType
from rclpy.context import Context
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.logging import get_logging_directory
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from promptda_ros import __version__
from promptda_ros.calibration import Calibration
from promptda_ros.core.device import DeviceError
from promptda_ros.core.frame import BadFrame
from promptda_ros.core.guard import Guard, guarded
from promptda_ros.core.pairing import Pair
from promptda_ros.core.settings import Settings
from promptda_ros.core.worker import Worker
from promptda_ros.diagnostics import Diagnostics, Drops
from promptda_ros.exit_codes import ExitCode
from promptda_ros.inputs import Inputs
from promptda_ros.models import load_model
from promptda_ros.network import CheckpointError
from promptda_ros.outputs import Outputs
from promptda_ros.parameters import Parameters
from promptda_ros.pipeline import Pipeline
from promptda_ros.supervision import Supervisor

STOP_TIMEOUT_SEC = 1.5
TRACEBACK_FILE = 'promptda_tracebacks.txt'
REPORT_PERIOD_SEC = 1.0
# Errors whose text tells all there is to know.
REFUSALS = (DeviceError, CheckpointError, BadFrame, FileNotFoundError)
# image_rect, image_rect_color, rgb/rect/image; not image_corrected
RECTIFIED_TOPIC = re.compile(r'(^|[/_])rect([/_]|$)')


class PromptDepthNode(LifecycleNode):
    """Camera image and sensor depth in, dense metric depth and points out."""

    def __init__(
        self,
        *,
        context: Context | None = None,
        parameter_overrides: list[Parameter] | None = None,
    ) -> None:
        """Declare the parameters.

        Raises:
            SettingError: a parameter given at start is wrong.
        """
        super().__init__('promptda', context=context, parameter_overrides=parameter_overrides)
        self.exit_code = ExitCode.CLEAN  # any other ends the process
        self.guard = Guard(self.report_error)
        self._declared = Parameters(self)
        self._drops = Drops(self.get_logger().warning, what='frame dropped')
        self._failures = Drops(self.get_logger().error, what='failed')
        self._failure = ExitCode.INTERNAL
        self._pipeline: Pipeline | None = None
        self._session: Session | None = None
        self._declared.on_change(self._apply)

    def start(self) -> None:
        """Configure and activate, unless a lifecycle manager is to; failing sets the exit code."""
        if not self._declared.settings.autostart:
            return
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != TransitionCallbackReturn.SUCCESS:
                self.exit_code = self._failure
                return

    def stop(self) -> bool:
        """Stop listening and working; False while the worker hangs."""
        if self._session is not None and not self._session.close():
            return False
        self._session = None
        return True

    # Life cycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network and open the outputs."""
        return _success(self.guard.run(self._configure))

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker, then listen."""
        return _success(self.guard.run(self._activate))

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening and working; the network stays loaded."""
        return _success(self.stop())

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close the outputs and let go of the network."""
        if self._pipeline is not None:
            self._pipeline.outputs.close()
            self._diagnostics.close()
            self._pipeline = None
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop whatever still runs; what a hanging worker uses is left to it."""
        return self.on_cleanup(state) if self.stop() else TransitionCallbackReturn.FAILURE

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to the start after a transition that failed half-way."""
        return self.on_shutdown(state)

    def _LifecycleNodeMixin__on_change_state(
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        # rclpy raises out of its own service when a transition is not possible now, which would
        # leave the caller without an answer.
        try:
            return super()._LifecycleNodeMixin__on_change_state(request, response)
        except rclpy_implementation.RCLError as error:
            self.get_logger().warning(f'transition refused: {error}')
            response.success = False
            return response

    def _configure(self) -> None:
        settings = self._declared.settings
        model = load_model(settings)
        rate = f'about {1 / model.frame_sec:.2g} frames/s'
        self.get_logger().info(f'promptda_ros {__version__}: {model.describe()}, {rate}')
        if settings.device == 'auto' and model.device == 'cpu':
            self.get_logger().warning(
                f'no CUDA found: the network runs on the CPU at {rate}; '
                'install a CUDA build of torch, or set device:=cpu if it is meant'
            )
        self._diagnostics = Diagnostics(self, hardware_id=model.describe())
        self._pipeline = Pipeline(
            model=model,
            calibration=self._calibration(),
            outputs=Outputs(self),
            drops=self._drops,
            settings=settings,
            now_ns=lambda: self.get_clock().now().nanoseconds,
            warn=self.get_logger().warning,
        )

    def _activate(self) -> None:
        assert self._pipeline is not None
        if not self.stop():
            raise RuntimeError('the worker of the last activation still hangs in a frame')
        self._session = Session(self, self._pipeline, self._diagnostics)

    # What happens to the node

    def _apply(self, settings: Settings) -> None:
        if self._pipeline is not None:
            self._pipeline.settings = settings
        if self._session is not None:
            self._session.inputs.apply(settings)

    def report_error(self, error: Exception) -> None:
        """Say in one line, once in a while, what a callback failed of."""
        if not self.context.ok():
            return  # a signal ended the context while somebody still used it
        if isinstance(error, REFUSALS):
            self._failure = ExitCode.MODEL_OR_DEVICE
            self.get_logger().fatal(str(error))
        elif self._failures.add(type(error).__name__, f'{type(error).__name__}: {error}'):
            keep_traceback(error)

    def report_failed_frame(self, error: Exception) -> None:
        """Count a frame that failed in a way nobody foresaw."""
        if self.context.ok() and self._drops.add('failed', f'{type(error).__name__}: {error}'):
            keep_traceback(error)

    def report_worker_end(self, error: BaseException) -> None:
        """End the process because no frame will be worked on any more."""
        if not self.context.ok():
            return
        self.get_logger().fatal(f'the worker gave up: {error}')
        self.exit_code = ExitCode.INTERNAL

    def _calibration(self) -> Calibration:
        topic = self.resolve_topic_name('image')
        is_rectified = RECTIFIED_TOPIC.search(topic) is not None
        log = self.get_logger()
        return Calibration(warn=log.warning, error=log.error, rectified=is_rectified)


def keep_traceback(error: Exception) -> None:
    """Append the traceback to a file beside the log, which is for people."""
    with suppress(OSError):  # a full disk is no reason to fail
        folder = Path(get_logging_directory())
        with (folder / TRACEBACK_FILE).open('a') as file:
            file.write(''.join(traceback.format_exception(error)) + '\n')


def _success(done: bool) -> TransitionCallbackReturn:
    return TransitionCallbackReturn.SUCCESS if done else TransitionCallbackReturn.FAILURE


class Session:
    """What exists while the node is active: the inputs, the worker, the supervision."""

    def __init__(
        self, node: PromptDepthNode, pipeline: Pipeline, diagnostics: Diagnostics
    ) -> None:
        self._node = node
        self._diagnostics = diagnostics
        self._worker: Worker[Pair[Image]] = Worker(
            pipeline.process, on_error=node.report_failed_frame, on_fatal=node.report_worker_end
        )
        pipeline.calibration.clear()
        pipeline.history.clear()
        self.inputs = Inputs(
            node,
            pipeline.settings,
            stages=pipeline.stages,
            on_pair=self._worker.offer,
            on_camera_info=pipeline.calibration.add,
            on_error=node.report_error,
        )
        self._supervisor = Supervisor(node, self.inputs, self._worker, pipeline)
        # Steady time: a simulation may pause its clock, and that is worth a report too.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        report = guarded(self._report, node.report_error)
        self._timer = node.create_timer(REPORT_PERIOD_SEC, report, clock=steady)
        self._worker.start()

    def close(self) -> bool:
        """Stop listening, then working; False if the worker hangs."""
        self._node.destroy_timer(self._timer)
        self.inputs.close()
        return self._worker.stop(STOP_TIMEOUT_SEC)

    def _report(self) -> None:
        self._diagnostics.publish(self._supervisor.tick())
