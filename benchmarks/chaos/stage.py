# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything that faults happen to: the node, three drivers and the observer, in a ROS domain.

On Linux nothing of it outlives this process but by SIGKILL: drivers end with their standard input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
import os
from pathlib import Path
import sys
import time
from typing import Any

import cv2
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from benchmarks.chaos.account import DEPTH_RECEIVED, RECEIVED
from benchmarks.chaos.content import HEIGHT, Scene, WIDTH
from benchmarks.chaos.driver import frame_id_of
from benchmarks.chaos.drivers import Driver
from benchmarks.chaos.fault import CAMERAS, Fault, VICTIM
from benchmarks.chaos.judge import Judge
from benchmarks.chaos.machine import discovery, lacks_wire
from benchmarks.chaos.observer import Observer
from benchmarks.chaos.process import Process
from benchmarks.chaos.truth import Truth
from benchmarks.chaos.wire import Wire
from benchmarks.environment import private_environment
from promptda_ros.bags.recording import read_recording
from promptda_ros.share import share_folder
from promptda_ros.tools.play import RECORDING

SERVER = 'promptda'
# OpenVINO would compile after every start, for half a minute on a busy machine.
PARAMETERS = (f'cameras:=[{", ".join(CAMERAS)}]', 'device:=cpu', 'engine:=torch')
QUIET_SEC = 0.4  # above sync.wait, after which every image is decided
SETTLE_SEC = 20.0
SERVED_SEC = 90.0  # far above what a start takes on a busy machine
LOOK_SEC = 0.05
LATE_SEC = 0.2
FORGETTING = (Transition.TRANSITION_CLEANUP, Transition.TRANSITION_ACTIVE_SHUTDOWN)


class Stage:
    """Starts and ends everything; faults reach for its parts.

    `node` and `drivers` are processes, `rng` decides whatever is left to chance, and `victim` is
    the camera that this time's fault may choose. `told` collects what faults find wrong, `did`
    counts what they did.
    """

    def __init__(self, folder: Path, rng: np.random.Generator) -> None:
        self.folder, self.rng = folder, rng
        folder.mkdir(parents=True, exist_ok=True)
        for log in folder.glob('*.log'):  # of a run before
            log.unlink()
        os.environ.update(private_environment() | discovery())
        os.environ['ROS_LOG_DIR'] = str(folder / 'ros')
        self.victim = CAMERAS[0]
        self.told: list[str] = []
        self.did: Counter[str] = Counter()
        self._turns: Counter[str] = Counter()
        self.truths = {camera: Truth() for camera in CAMERAS}
        self._scenes = _write_scenes(folder)
        self.judges = {
            camera: Judge(
                camera,
                self.truths[camera],
                Scene.of(self._scenes[camera]),
                frame_id=frame_id_of(camera),
            )
            for camera in CAMERAS
        }
        flags = [word for each in PARAMETERS for word in ('-p', each)]
        script = str(Path(sys.executable).with_name('promptda_node'))
        self.node = Process([script, '--ros-args', *flags], log=folder / 'node.log')
        self.drivers = {camera: self.new_driver(camera) for camera in CAMERAS}
        self.wire = None if lacks_wire() else Wire(log=folder / 'wire.log')
        self.observer = Observer(SERVER)

    def open(self) -> None:
        """Start everything and wait until every camera is served; drivers are paused."""
        if self.wire is not None:
            self.wire.start()  # before them: Fast DDS takes the interfaces that are there
        self.observer.open()
        for process in (self.node, *self.drivers.values()):
            process.start()
        self.wait_until(lambda: self._are_matched(CAMERAS), 'node and drivers found each other')

    def close(self) -> int | None:
        """End everything and return the exit code of the node."""
        for driver in self.drivers.values():
            if driver.is_running:
                driver.finish()
        code = self.node.end() if self.node.is_running else self.node.exit_code
        self.observer.close()
        if self.wire is not None:
            self.wire.kill()
        return code

    def new_driver(self, camera: str) -> Driver:
        """Return another driver of a camera, for a fault that starts and ends it."""
        log = self.folder / f'{camera}.log'
        return Driver(camera, self._scenes[camera], self.truths[camera], log=log)

    # For faults

    def tell_all(self, command: str) -> None:
        """Send a command to every driver."""
        for driver in self.drivers.values():
            driver.tell(command)

    def restart_node(self) -> None:
        """Kill the node if it runs, and start it; its counters begin anew."""
        self.node.restart()
        self.observer.forget_counts(drops=True)

    def restart_driver(self, camera: str) -> None:
        """Kill a driver if it runs, start it and let it send."""
        self.drivers[camera].restart()
        self.drivers[camera].tell('resume')

    def change_state(self, transition: int) -> bool:
        """Ask the node for a transition of its life cycle, and tell whether it made it."""
        request = ChangeState.Request(transition=Transition(id=transition))
        answer = self.observer.call(ChangeState, f'/{SERVER}/change_state', request)
        if answer.success:
            time.sleep(LATE_SEC)  # the last counters of the time before may be on their way
            self.observer.forget_counts(drops=transition in FORGETTING)
        return bool(answer.success)

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Set parameters of the node, which must work."""
        given = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        request = SetParameters.Request(parameters=given)
        answer = self.observer.call(SetParameters, f'/{SERVER}/set_parameters', request)
        for result in answer.results:
            if not result.successful:
                self.tell(f'a parameter was refused: {result.reason}')

    def next_of(self, what: str, count: int) -> int:
        """Return numbers below a count in turn, so that each is met."""
        self._turns[what] += 1
        return self._turns[what] % count

    def wait_until_served(self, cameras: Iterable[str] = CAMERAS) -> None:
        """Wait until the node receives images and depth of cameras, whose drivers send.

        What other processes see of the graph is not enough: they hold a killed one for alive, and
        a publisher may know a subscription before that knows the publisher.
        """
        begun_ns = time.monotonic_ns()

        def are_served() -> bool:
            last = self.observer.counts_since(begun_ns)[-2:]
            received = [
                [counts.get(camera, {}).get(topic, 0) for counts in last]
                for camera in cameras
                for topic in (RECEIVED, DEPTH_RECEIVED)
            ]
            more = len(last) == 2 and all(after > before for before, after in received)
            return more and self._are_matched(cameras)

        self.wait_until(are_served, f'{", ".join(cameras)} served by the node')

    def wait_until_counted(self, cameras: Iterable[str] = CAMERAS) -> None:
        """Wait until nothing of cameras is on its way, whose drivers send nothing."""
        quiet_ns = time.monotonic_ns() + round(QUIET_SEC * 1e9)

        def are_at_rest() -> bool:
            last = self.observer.counts_since(quiet_ns)[-2:]
            found = [[counts.get(camera) for camera in cameras] for counts in last]
            return len(found) == 2 and found[0] == found[1]

        what = f'the counters of {", ".join(cameras)} in /diagnostics at rest'
        self.wait_until(are_at_rest, what, within_sec=SETTLE_SEC)

    def _are_matched(self, cameras: Iterable[str]) -> bool:
        return all(
            self.drivers[camera].heard > 0 and self.observer.is_served(camera)
            for camera in cameras
        )

    def wait_until(
        self, condition: Callable[[], bool], what: str, *, within_sec: float = SERVED_SEC
    ) -> bool:
        """Wait for a condition; one that does not come is told, and so is the end of the node."""
        end_sec = time.monotonic() + within_sec
        while not condition():
            if self._revive():
                end_sec = time.monotonic() + within_sec
            if time.monotonic() > end_sec:
                self.tell(f'not within {within_sec:g} s: {what}')
                return False
            time.sleep(LOOK_SEC)
        return True

    def hold(self, seconds: float) -> None:
        """Let things go on for a while."""
        time.sleep(seconds)
        self._revive()

    def tell(self, sentence: str) -> None:
        """Say what is wrong; it counts against the fault that runs."""
        self.told.append(sentence)

    def may_lose(self, fault: Fault) -> frozenset[str]:
        """Return the cameras of which a fault may lose frames, the victim by its name."""
        return frozenset(self.victim if each == VICTIM else each for each in fault.may_lose)

    def last_words(self) -> str:
        """Return the end of the node's log."""
        return self.node.log.read_text(errors='replace')[-1500:]

    def _revive(self) -> bool:
        """Start the node again where it ended of itself, which is told; return whether it did."""
        if self.node.is_running or not self.node.is_wanted:
            return False
        self.tell(f'the node ended with {self.node.exit_code}: {self.last_words()}')
        self.restart_node()
        return True


def _write_scenes(folder: Path) -> dict[str, Path]:
    frames = read_recording(share_folder() / RECORDING)
    step = len(frames) // len(CAMERAS)
    paths = {}
    for frame, camera in zip(frames[::step], CAMERAS, strict=False):
        image = cv2.resize(frame.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        depth_m = np.nan_to_num(frame.sensor_depth_m())
        paths[camera] = folder / f'{camera}.npz'
        Scene(image, np.rint(depth_m * 1000).astype(np.uint16)).write(paths[camera])
    return paths
