# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Record a camera that moves over a simulated table never trained on, as a rosbag2 MCAP file.

python training/make_demo_recording.py assets/demo.mcap
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import tempfile
from typing import Any

os.environ.setdefault('MUJOCO_GL', 'egl')  # MuJoCo reads it once, when imported

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores
from rosbags.typesys.stores.ros2_humble import (
    builtin_interfaces__msg__Time as Time,
)
from rosbags.typesys.stores.ros2_humble import (
    sensor_msgs__msg__CameraInfo as CameraInfo,
)
from rosbags.typesys.stores.ros2_humble import (
    sensor_msgs__msg__CompressedImage as CompressedImage,
)
from rosbags.typesys.stores.ros2_humble import (
    sensor_msgs__msg__Image as Image,
)
from rosbags.typesys.stores.ros2_humble import (
    sensor_msgs__msg__RegionOfInterest as RegionOfInterest,
)
from rosbags.typesys.stores.ros2_humble import (
    std_msgs__msg__Header as Header,
)

from promptda_ros.lab.sim.camera import PinholeCamera, TableCamera
from promptda_ros.lab.sim.motion import smooth_path
from promptda_ros.lab.sim.scene import make_scene
from promptda_ros.lab.sim.sensors import SENSORS

SEED = 2_000_008  # far from the scenes of training, validation and evaluation
FRAMES = 61
RATE_HZ = 10
FIRST_STAMP_NS = 1_767_225_600_000_000_000  # 2026-01-01
DEPTH_DELAY_NS = 3_000_000  # the depth sensor is a little later than the camera
FRAME_ID = 'camera_color_optical_frame'
JPEG_QUALITY = 80
MM_PER_M = 1000

TOPICS: dict[str, Any] = {
    '/camera/color/image_raw/compressed': CompressedImage,
    '/camera/color/camera_info': CameraInfo,
    '/camera/depth/image_raw': Image,
    '/camera/exact_depth/compressed': CompressedImage,
}


def main() -> None:
    """Render, measure and write all frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', type=Path)
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / 'demo'
        with _writer(recording) as writer:
            _record(writer)
        out.write_bytes((recording / 'demo.mcap').read_bytes())
    print(f'{out}: {FRAMES} frames, {out.stat().st_size / 1e6:.2f} MB')


def _writer(path: Path) -> Writer:
    writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    return writer


def _record(writer: Writer) -> None:
    types = get_typestore(Stores.ROS2_HUMBLE)
    connections = {
        topic: writer.add_connection(topic, message.__msgtype__, typestore=types)
        for topic, message in TOPICS.items()
    }
    lens, scene = PinholeCamera(640, 480, float(np.deg2rad(52))), make_scene(SEED)
    camera, rng = TableCamera(scene, lens), np.random.default_rng(SEED)
    sensor = SENSORS['time_of_flight']
    poses = smooth_path(SEED, [number / RATE_HZ for number in range(FRAMES)], scene)
    for number, pose in enumerate(poses):
        view = camera.look(pose)
        measured_m = sensor.measure(view, rng)
        stamp_ns = FIRST_STAMP_NS + number * 1_000_000_000 // RATE_HZ
        messages: tuple[Any, ...] = (
            _jpeg(view.image, _header(stamp_ns)),
            _camera_info(lens, _header(stamp_ns)),
            _depth(measured_m, _header(stamp_ns + DEPTH_DELAY_NS)),
            _png(view.depth_m, _header(stamp_ns)),
        )
        for topic, message in zip(TOPICS, messages, strict=True):
            data = types.serialize_cdr(message, message.__msgtype__)
            writer.write(connections[topic], _nanoseconds(message.header.stamp), data)
    camera.close()


def _header(stamp_ns: int) -> Header:
    return Header(Time(*divmod(stamp_ns, 1_000_000_000)), FRAME_ID)


def _nanoseconds(stamp: Time) -> int:
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def _jpeg(image: NDArray[np.uint8], header: Header) -> CompressedImage:
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return CompressedImage(
        header,
        'rgb8; jpeg compressed bgr8',
        cv2.imencode('.jpg', image[:, :, ::-1], quality)[1].ravel(),
    )


def _png(depth_m: NDArray[np.float32], header: Header) -> CompressedImage:
    level = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    return CompressedImage(
        header,
        '16UC1; png compressed ',
        cv2.imencode('.png', _millimetres(depth_m), level)[1].ravel(),
    )


def _depth(depth_m: NDArray[np.float32], header: Header) -> Image:
    height, width = depth_m.shape
    data = _millimetres(depth_m).astype('<u2').view(np.uint8).ravel()
    return Image(header, height, width, '16UC1', 0, 2 * width, data)


def _millimetres(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Unknown depth is 0, as REP 118 wants it."""
    return np.round(np.nan_to_num(depth_m, nan=0.0) * MM_PER_M).astype(np.uint16)


def _camera_info(lens: PinholeCamera, header: Header) -> CameraInfo:
    matrix = lens.matrix
    return CameraInfo(
        header=header,
        height=lens.height,
        width=lens.width,
        distortion_model='plumb_bob',
        d=np.zeros(5),
        k=matrix.ravel(),
        r=np.eye(3).ravel(),
        p=np.hstack([matrix, np.zeros((3, 1))]).ravel(),
        binning_x=0,
        binning_y=0,
        roi=RegionOfInterest(0, 0, 0, 0, False),
    )


if __name__ == '__main__':
    main()
