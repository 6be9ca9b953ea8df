# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a camera of a running node has: topics, publishers and a service under its name."""

from __future__ import annotations

from rclpy.node import Node
import torch

from promptda_ros.camera.camera import Camera, InputTopics
from promptda_ros.camera.extrinsics import Extrinsics
from promptda_ros.core.settings.schema import Settings
from promptda_ros.node.capture import Capture
from promptda_ros.node.outputs import Outputs


class NodeCamera(Camera):
    """A camera of a node, until it is closed.

    Topics, services and parameters of a camera with a name begin with it.
    """

    outputs: Outputs
    capture: Capture

    def __init__(
        self,
        name: str,
        node: Node,
        settings: Settings,
        extrinsics: Extrinsics,
        device: torch.device,
    ) -> None:
        """Take the device on which depth is registered."""
        self.prefix = prefix = f'{name}/' if name else ''
        log = node.get_logger()
        roles = 'image', 'depth', 'camera_info', 'depth_camera_info'
        super().__init__(
            name,
            settings,
            topics=InputTopics(*(node.resolve_topic_name(f'{prefix}{role}') for role in roles)),
            extrinsics=extrinsics,
            device=device,
            log=log.get_child(name) if name else log,
            outputs=Outputs(node, prefix),
            capture=Capture(node, prefix, lambda: self.settings.capture),
            stamp_clock_ns=lambda: int(node.get_clock().now().nanoseconds),
            # A signal ended the context while somebody still used it.
            is_ending=lambda: not node.context.ok(),
        )

    def close(self) -> None:
        """Destroy the outputs and the service."""
        self.outputs.close()
        self.capture.close()
