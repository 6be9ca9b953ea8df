# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node: joins the parts and gives them a life cycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import os

from lifecycle_msgs.srv import ChangeState
from rclpy.context import Context
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
import torch

from promptda_ros import __version__
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.camera.pipeline import Pipeline
from promptda_ros.core.errors import ExitCode, PromptdaError
from promptda_ros.core.health import NetworkHealth
from promptda_ros.core.runtime.faults import DeviceLost
from promptda_ros.core.runtime.guard import Guard
from promptda_ros.core.runtime.log import Drops, keep_traceback
from promptda_ros.core.runtime.memory import free_unused_memory
from promptda_ros.core.runtime.resolution import Resolution
from promptda_ros.core.settings.schema import Settings
from promptda_ros.dds_environment import missing_transport
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.model import load_model
from promptda_ros.node.cameras import NodeCamera
from promptda_ros.node.diagnostics import Diagnostics
from promptda_ros.node.interface import Interface, interface_of
from promptda_ros.node.parameters import Parameters
from promptda_ros.node.qos_overrides import declare_overrides, QosOverridable
from promptda_ros.node.ros_errors import foreseen_errors_of_ros
from promptda_ros.node.session import Session
from promptda_ros.node.transforms import TfTransforms


class PromptDepthNode(QosOverridable, LifecycleNode):  # type: ignore[misc]
    """Camera image and sensor depth in, dense metric depth and points out."""

    def __init__(
        self,
        *,
        context: Context | None = None,
        parameter_overrides: list[Parameter] | None = None,
        load: Callable[[Settings], LoadedModel] = load_model,
        is_ending: Callable[[], bool] = bool,
    ) -> None:
        """Declare the parameters; `load` loads the network, `is_ending` tells of a signal.

        Raises:
            SettingError: a parameter given at start is wrong.
        """
        super().__init__('promptda', context=context, parameter_overrides=parameter_overrides)
        self.exit_code = ExitCode.CLEAN  # any other ends the process
        self.guard = Guard(self.report_error)
        self._load, self._is_ending = load, is_ending
        self._declared = Parameters(self)
        declare_overrides(self, self.interface, is_strict=self._declared.settings.strict_params)
        log = self.get_logger()
        # A line of its own: rclpy raises where one line logs under two severities.
        self._failures = Drops(lambda text: log.error(text), what='failed')
        self._failure = ExitCode.INTERNAL
        self.cameras: list[NodeCamera] = []
        self.pipeline: Pipeline | None = None
        self.session: Session | None = None
        self._declared.on_change(self._apply)

    @property
    def interface(self) -> Interface:
        """Return every topic and service that this node may have."""
        return interface_of(self, self._declared.of_cameras)

    def start(self) -> None:
        """Configure and activate, unless a lifecycle manager is to; failing sets the exit code."""
        if not self._declared.settings.autostart:
            return
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != TransitionCallbackReturn.SUCCESS:
                self.exit_code = self.exit_code or self._failure
                return

    @property
    def is_compiling(self) -> bool:
        """Tell whether the worker compiles the network, which nothing can break off."""
        return self.pipeline is not None and self.pipeline.model.is_paused

    def stop(self) -> bool:
        """Stop listening and working; False while the worker is in a frame or compiles."""
        if self.session is not None and not self.session.close():
            return False
        self.session = None
        return True

    def destroy_node(self) -> None:
        """Destroy the node and give its shared memory back now, which rclpy leaves to Python."""
        super().destroy_node()
        self._state_machine = None

    # Life cycle

    def on_configure(self, _state: LifecycleState) -> TransitionCallbackReturn:
        """Load the network and open the outputs."""
        try:
            return _success(self.guard.run(self._configure))
        except DeviceLost as error:
            self.report_worker_end(error)
            return TransitionCallbackReturn.FAILURE

    def on_activate(self, _state: LifecycleState) -> TransitionCallbackReturn:
        """Start the worker, then listen."""
        return _success(self.guard.run(self._activate))

    def on_deactivate(self, _state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening and working; the network stays loaded."""
        if not self._finish():
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(
            'deactivated: nothing is listened to or published; the network stays loaded'
        )
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, _state: LifecycleState) -> TransitionCallbackReturn:
        """Close the outputs and unload the network."""
        if self.pipeline is not None:
            for camera in self.cameras:
                camera.close()
            self._transforms.close()
            self._diagnostics.close()
            self.cameras, self.pipeline = [], None
            free_unused_memory()  # which torch would keep from other programs on the GPU
            self.get_logger().info('cleaned up: outputs are closed, the network is unloaded')
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop whatever still runs, except what a hanging worker still uses."""
        return self.on_cleanup(state) if self._finish() else TransitionCallbackReturn.FAILURE

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

    @foreseen_errors_of_ros()
    def _configure(self) -> None:
        settings = self._declared.settings
        name = settings.model.path or settings.model.name
        self.get_logger().info(f'loading the network {name}, device {settings.device}')
        model = self._load(settings)
        rate = f'about {1 / model.frame_sec:.2g} frames/s'
        self.get_logger().info(f'promptda_ros {__version__}: {model.describe()}, {rate}')
        if settings.device == 'auto' and not torch.cuda.is_available():
            self.get_logger().warning(
                f'no CUDA found: the network runs on the CPU at {rate}; '
                'install a CUDA build of torch, or set device:=cpu if this is intended'
            )
        for warning in (*model.notes, missing_transport(os.environ)):
            if warning:
                self.get_logger().warning(warning)
        self._diagnostics = Diagnostics(self, hardware_id=model.describe())
        of_cameras = self._declared.of_cameras
        self._transforms = TfTransforms(self)
        extrinsics = Extrinsics(self._transforms)
        self.cameras = [
            NodeCamera(name, self, own, extrinsics, model.estimator.device)
            for name, own in of_cameras.items()
        ]
        may_shrink = settings.model.resolution == 'auto'
        resolution = Resolution(model.estimator.resolution, may_shrink=may_shrink)
        health = NetworkHealth(resolution, self.get_logger())
        self.pipeline = Pipeline(
            model, health, say=self.get_logger().info, on_error=self.report_error
        )

    def _activate(self) -> None:
        assert self.pipeline is not None
        if not self.stop():
            raise RuntimeError('the worker of the last activation still hangs in a frame')
        self.session = Session(
            self,
            self.cameras,
            self.pipeline,
            self._diagnostics,
            on_error=self.report_error,
            on_end=self.report_worker_end,
        )

    def _finish(self) -> bool:
        """Stop, and wait for the worker as long as the watchdog does; False as the process ends.

        A transition that gave up sooner would leave the node active but deaf.
        """
        while not self.stop():
            assert self.session is not None
            if self.exit_code or self._is_ending():
                return False
            self.session.watch()
        return True

    # What happens to the node

    def _apply(self, of_cameras: Mapping[str, Settings]) -> None:
        for camera in self.cameras:
            camera.settings = of_cameras[camera.name]
        if self.session is not None:
            self.session.apply()

    def report_error(self, error: Exception) -> None:
        """Log the exception of a callback in one line, rate-limited."""
        if not self.context.ok():
            return  # a signal ended the context while somebody still used it
        if isinstance(error, PromptdaError) and self.session is None:
            self._failure = error.exit_code
            self.get_logger().fatal(str(error))
        elif self._failures.add(type(error).__name__, f'{type(error).__name__}: {error}'):
            keep_traceback(error)

    def report_worker_end(self, error: BaseException) -> None:
        """End the process, since no more frames will be processed."""
        if not self.context.ok():
            return
        is_lost = isinstance(error, DeviceLost)
        self.get_logger().fatal(str(error) if is_lost else f'the worker gave up: {error}')
        self.exit_code = ExitCode.GPU_LOST if is_lost else ExitCode.INTERNAL


def _success(done: bool) -> TransitionCallbackReturn:
    return TransitionCallbackReturn.SUCCESS if done else TransitionCallbackReturn.FAILURE
