# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundled recording decodes, and the embedded network improves on its sensor."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip('rosbags', reason='recordings are read with rosbags, a development extra')

from rosbags.rosbag2 import Reader
from rosbags.typesys import get_typestore, Stores

from promptda_ros.core.prompt.prompt import condition
from promptda_ros.core.settings.depth import PromptSettings
from promptda_ros.network import PromptDepthAnythingForDepthEstimation

ROOT = Path(__file__).parents[3]
RECORDING = ROOT / 'assets' / 'demo.mcap'
COLOUR = '/camera/color/image_raw/compressed'
CAMERA_INFO = '/camera/color/camera_info'
DEPTH = '/camera/depth/image_raw'
EXACT = '/camera/exact_depth/compressed'
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture(scope='module')
def messages() -> dict[str, list[Any]]:
    types = get_typestore(Stores.ROS2_HUMBLE)
    found = defaultdict(list)
    with Reader(RECORDING) as reader:
        for connection, _, data in reader.messages():
            found[connection.topic].append(types.deserialize_cdr(data, connection.msgtype))
    return found


def stamp_ns(message: Any) -> int:
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


def sensor_depth_m(message: Any) -> np.ndarray:
    counts = message.data.view('<u2').reshape(message.height, message.width)
    return np.where(counts == 0, np.nan, counts / 1000).astype(np.float32)


def test_recording_has_60_frames_in_5_megabytes(messages: dict[str, list[Any]]) -> None:
    assert RECORDING.stat().st_size <= 5_000_000
    assert set(messages) == {COLOUR, CAMERA_INFO, DEPTH, EXACT}
    counts = {len(group) for group in messages.values()}
    assert len(counts) == 1
    assert counts.pop() >= 60


def test_stamps_rise_and_belong_together(messages: dict[str, list[Any]]) -> None:
    stamps = np.array([stamp_ns(message) for message in messages[COLOUR]])
    assert (np.diff(stamps) == 100_000_000).all()
    assert [stamp_ns(message) for message in messages[CAMERA_INFO]] == stamps.tolist()
    assert [stamp_ns(message) for message in messages[EXACT]] == stamps.tolist()
    delays = np.array([stamp_ns(message) for message in messages[DEPTH]]) - stamps
    assert ((delays > 0) & (delays < 10_000_000)).all()
    frame_ids = {message.header.frame_id for group in messages.values() for message in group}
    assert frame_ids == {'camera_color_optical_frame'}


def test_pictures_decode_at_the_size_of_camera_info(messages: dict[str, list[Any]]) -> None:
    for colour, exact, info in zip(
        messages[COLOUR], messages[EXACT], messages[CAMERA_INFO], strict=True
    ):
        assert cv2.imdecode(colour.data, cv2.IMREAD_COLOR).shape == (info.height, info.width, 3)
        exact_mm = cv2.imdecode(exact.data, cv2.IMREAD_UNCHANGED)
        assert exact_mm.shape == (info.height, info.width)
        assert exact_mm.dtype == np.uint16
        assert 200 < exact_mm.min() < exact_mm.max() < 6000
    assert (info.width, info.height) == (640, 480)
    np.testing.assert_allclose(info.k[[2, 5]], (319.5, 239.5))


def test_sensor_depth_is_coarse_and_registered_to_the_picture(
    messages: dict[str, list[Any]],
) -> None:
    for depth, exact in zip(messages[DEPTH], messages[EXACT], strict=True):
        measured_m = sensor_depth_m(depth)
        exact_m = cv2.imdecode(exact.data, cv2.IMREAD_UNCHANGED) / np.float32(1000)
        size = (depth.width, depth.height)
        nearest_m = cv2.resize(exact_m, size, interpolation=cv2.INTER_NEAREST)
        assert depth.encoding == '16UC1'
        assert np.nanmedian(np.abs(measured_m - nearest_m)) < 0.01


def test_tiny_network_beats_bilinear_upsampling_of_the_prompt(
    messages: dict[str, list[Any]],
) -> None:
    folder = ROOT / 'models' / 'promptda-tiny'
    network = PromptDepthAnythingForDepthEstimation.from_pretrained(folder).eval()
    model, bilinear = [], []
    for number in range(0, 60, 10):
        image = cv2.imdecode(messages[COLOUR][number].data, cv2.IMREAD_COLOR)[:, :, ::-1]
        exact_mm = cv2.imdecode(messages[EXACT][number].data, cv2.IMREAD_UNCHANGED)
        exact_m = cv2.resize(exact_mm, (336, 252), interpolation=cv2.INTER_NEAREST) / 1000
        prompt_m = condition(sensor_depth_m(messages[DEPTH][number]), PromptSettings()).depth_m
        upsampled_m = cv2.resize(prompt_m, (336, 252), interpolation=cv2.INTER_LINEAR)
        model.append(predict(network, image, prompt_m) - exact_m)
        bilinear.append(upsampled_m - exact_m)
    assert np.abs(model).mean() < np.abs(bilinear).mean()
    assert np.square(model).mean() < np.square(bilinear).mean()


@torch.inference_mode()
def predict(
    network: PromptDepthAnythingForDepthEstimation, image: np.ndarray, prompt_m: np.ndarray
) -> np.ndarray:
    small = cv2.resize(image, (336, 252), interpolation=cv2.INTER_AREA)
    pixels = ((small / 255 - MEAN) / STD).astype(np.float32).transpose(2, 0, 1)
    output = network(
        pixel_values=torch.from_numpy(pixels)[None],
        prompt_depth=torch.from_numpy(prompt_m)[None, None],
    )
    return output.predicted_depth[0].numpy()
