# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Service calls as fast as a node can take them, whose answers are judged one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import threading
import time
from typing import Any

from rclpy.qos import QoSProfile

from benchmarks.chaos.stage import Stage

CALLS_PER_SEC = 400.0
MOST_WAITING = 64
ANSWER_QOS = QoSProfile(depth=1000)  # by default more than ten answers at once are lost
PATIENCE_SEC = 60.0  # for the last answers


@dataclass(frozen=True)
class Call:
    """A request to a service, and what says what is wrong with its answer, '' if nothing."""

    kind: Any
    service: str
    request: Any
    judge: Callable[[Any], str]


class Storm:
    """Calls from enter to exit by a thread; every call must be answered."""

    def __init__(self, stage: Stage, next_call: Callable[[Stage], Call]) -> None:
        self._stage, self._next_call = stage, next_call
        self._clients: dict[str, Any] = {}
        self._changed = threading.Condition()
        self._waiting = 0
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()
        with self._changed:
            answered = self._changed.wait_for(lambda: not self._waiting, PATIENCE_SEC)
        if not answered:
            self._stage.tell(f'{self._waiting} calls were not answered in {PATIENCE_SEC:g} s')
        for client in self._clients.values():
            self._stage.observer.node.destroy_client(client)

    def _run(self) -> None:
        while not self._is_over:
            call = self._next_call(self._stage)
            client = self._client_of(call)
            if client is None:
                return
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting < MOST_WAITING, PATIENCE_SEC):
                    return  # told at the exit
                self._waiting += 1
            future = client.call_async(call.request)
            future.add_done_callback(lambda done, call=call: self._judge(call, done.result()))
            time.sleep(1 / CALLS_PER_SEC)

    def _client_of(self, call: Call) -> Any:
        if call.service not in self._clients:
            client = self._stage.observer.node.create_client(
                call.kind, call.service, qos_profile=ANSWER_QOS
            )
            self._clients[call.service] = client
            if not client.wait_for_service(PATIENCE_SEC):
                self._stage.tell(f'nobody offers {call.service}')
                return None
        return self._clients[call.service]

    def _judge(self, call: Call, answer: Any) -> None:
        if wrong := call.judge(answer):
            self._stage.tell(wrong)
        self._stage.did[f'answers of {call.service}'] += 1
        with self._changed:
            self._waiting -= 1
            self._changed.notify_all()
