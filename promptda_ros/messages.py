# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages <-> arrays: encodings, strides, endianness, units."""

from __future__ import annotations

import array
from dataclasses import dataclass
import sys

from builtin_interfaces.msg import Time
import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, Image, PointCloud2, PointField
from std_msgs.msg import Header

from promptda_ros import millimetres
from promptda_ros.core import camera
from promptda_ros.core.cloud import PointLayout
from promptda_ros.core.frame import BadFrame, ByteImage, FloatImage, Frame, Intrinsics
from promptda_ros.core.settings import InputSettings

SHOWN_CHARACTERS = 64
NANOSECONDS = 1_000_000_000
BAYER_PATTERNS = ('rggb', 'bggr', 'gbrg', 'grbg')


@dataclass(frozen=True)
class _Encoding:
    """How the bytes of one pixel lie, and what OpenCV makes RGB of them (None: they are RGB)."""

    dtype: str
    channels: int
    to_rgb: int | None = None


# Encodings whose memory is already what is needed are numpy views.
_COLOUR_VIEWS = {
    'rgb8': _Encoding('u1', 3),
    'bgr8': _Encoding('u1', 3, cv2.COLOR_BGR2RGB),
    'rgba8': _Encoding('u1', 4, cv2.COLOR_RGBA2RGB),
    'bgra8': _Encoding('u1', 4, cv2.COLOR_BGRA2RGB),
    'mono8': _Encoding('u1', 1, cv2.COLOR_GRAY2RGB),
    '8UC1': _Encoding('u1', 1, cv2.COLOR_GRAY2RGB),
}
# cv_bridge converts the rest, known to it by these names, from rows of so many bytes a pixel.
_COLOUR_BRIDGED = {
    'rgb16': ('rgb16', 'u2', 3),
    'bgr16': ('bgr16', 'u2', 3),
    'mono16': ('mono16', 'u2', 1),
    'yuv422': ('yuv422', 'u1', 2),
    'uyvy': ('yuv422', 'u1', 2),
    'yuv422_yuy2': ('yuv422_yuy2', 'u1', 2),
    'yuyv': ('yuv422_yuy2', 'u1', 2),
    **{f'bayer_{each}8': (f'bayer_{each}8', 'u1', 1) for each in BAYER_PATTERNS},
    **{f'bayer_{each}16': (f'bayer_{each}16', 'u2', 1) for each in BAYER_PATTERNS},
}
# cv_bridge knows no planar YUV.
_COLOUR_PLANAR = {'nv12': cv2.COLOR_YUV2RGB_NV12, 'nv21': cv2.COLOR_YUV2RGB_NV21}
_DEPTH = {
    '16UC1': _Encoding('u2', 1),
    'mono16': _Encoding('u2', 1),
    '32FC1': _Encoding('f4', 1),
}


def read_frame(image: Image, depth: Image, settings: InputSettings) -> Frame:
    """Return the frame of a pair of messages.

    Raises:
        BadFrame: a message can't be read, or the depth is not registered to the image.
    """
    _require_registered(image, depth, settings)
    return Frame(
        stamp_ns=stamp_ns_of(image.header),
        frame_id=image.header.frame_id,
        image=read_image(image, max_pixels=settings.max_pixels),
        sensor_depth_m=read_depth(
            depth, depth_scale=settings.depth_scale, max_pixels=settings.max_pixels
        ),
    )


def read_image(message: Image, *, max_pixels: int) -> ByteImage:
    """Return the image as RGB (H, W, 3), a view of the message where its memory allows.

    Raises:
        BadFrame: the message contradicts itself, is too large, or has an unknown encoding.
    """
    _require_size(message, max_pixels)
    view = _COLOUR_VIEWS.get(message.encoding)
    if view is not None:
        pixels = _pixels(message, view)
        return pixels if view.to_rgb is None else cv2.cvtColor(pixels, view.to_rgb)
    if message.encoding in _COLOUR_BRIDGED:
        return _through_cv_bridge(message)
    if message.encoding in _COLOUR_PLANAR:
        return _from_planes(message)
    supported = (*_COLOUR_VIEWS, *_COLOUR_BRIDGED, *_COLOUR_PLANAR)
    raise _unsupported('image_encoding', message, supported)


def read_depth(message: Image, *, depth_scale: float, max_pixels: int) -> FloatImage:
    """Return depth (h, w) in metres; what is no measurement keeps its value or becomes NaN.

    A `depth_scale` of 0 takes the unit that REP 118 gives the encoding.

    Raises:
        BadFrame: the message contradicts itself, is too large, or has an unknown encoding.
    """
    _require_size(message, max_pixels)
    encoding = _DEPTH.get(message.encoding)
    if encoding is None:
        raise _unsupported('depth_encoding', message, tuple(_DEPTH))
    values = _pixels(message, encoding)
    if encoding.dtype == 'f4':
        metres = values.astype(np.float32, copy=False)
        return metres if depth_scale in (0.0, 1.0) else metres * np.float32(depth_scale)
    return millimetres.to_metres(values, depth_scale or millimetres.METRES)


def read_intrinsics(
    message: CameraInfo, *, height: int, width: int, rectified: bool, rescale: bool = False
) -> Intrinsics:
    """Return the intrinsics of an image of the given size.

    `rectified` takes P, which belongs to rectified images, instead of K. Binning and the region
    of interest are applied as sensor_msgs/CameraInfo defines them. `rescale` takes a camera_info
    of another size if its shape is the image's.

    Raises:
        BadIntrinsics: the camera is not calibrated, or its size is not that of the image.
    """
    matrix = message.p if rectified and message.p[0] != 0.0 else message.k
    row = 4 if matrix is message.p else 3
    full = camera.check(
        Intrinsics(
            width=message.width or width,  # OAK drivers leave the size 0
            height=message.height or height,
            fx=float(matrix[0]),
            fy=float(matrix[row + 1]),
            cx=float(matrix[2]),
            cy=float(matrix[row + 2]),
        )
    )
    found = _bin(_crop(full, message), message)
    if (found.width, found.height) == (width, height):
        return found
    if rescale and found.width * height == found.height * width:
        return camera.resize(found, width=width, height=height)
    raise camera.BadIntrinsics(
        f'camera_info is for {found.width}x{found.height} but the image is {width}x{height}, '
        'points would be shifted; publish the camera_info that belongs to the image, or set '
        'input.rescale_camera_info:=true if the driver only resized'
    )


def is_distorted(message: CameraInfo) -> bool:
    """Tell whether the camera's lens distorts raw images."""
    return any(coefficient != 0.0 for coefficient in message.d)


def stamp_of(stamp_ns: int) -> Time:
    """Return the stamp of a moment in nanoseconds."""
    sec, nanosec = divmod(stamp_ns, NANOSECONDS)
    return Time(sec=sec, nanosec=nanosec)


def stamp_ns_of(header: Header) -> int:
    """Return the moment of a header in nanoseconds."""
    return int(header.stamp.sec) * NANOSECONDS + int(header.stamp.nanosec)


def header_of(frame: Frame) -> Header:
    """Return the header of everything made from a frame: the image's own stamp and frame id."""
    return Header(stamp=stamp_of(frame.stamp_ns), frame_id=frame.frame_id)


def depth_image(depth_m: FloatImage, header: Header) -> Image:
    """Build the 32FC1 depth image in metres, NaN unknown (REP 118)."""
    return _image(depth_m, header, '32FC1')


def depth_image_mm(depth_m: FloatImage, header: Header) -> Image:
    """Build the 16UC1 depth image in millimetres, 0 unknown or not representable."""
    return _image(millimetres.from_metres(depth_m), header, '16UC1')


def camera_info(intrinsics: Intrinsics, header: Header) -> CameraInfo:
    """Build the camera_info of a rectified image: K and P agree, nothing is left to undo."""
    fx, fy, cx, cy = intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy
    return CameraInfo(
        header=header,
        width=intrinsics.width,
        height=intrinsics.height,
        distortion_model='plumb_bob',
        d=[0.0] * 5,
        k=[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p=[fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    )


def point_cloud(cloud: FloatImage, layout: PointLayout, header: Header) -> PointCloud2:
    """Build the organised cloud of a buffer (H, W, point_step / 4) made by core.cloud."""
    height, width = cloud.shape[:2]
    message = PointCloud2(
        header=header,
        height=height,
        width=width,
        fields=_point_fields(layout),
        is_bigendian=sys.byteorder == 'big',
        point_step=layout.point_step,
        row_step=layout.point_step * width,
        is_dense=False,
    )
    message.data = _bytes_of(cloud)
    return message


def colour_image(picture: ByteImage, header: Header) -> Image:
    """Build an rgb8 image."""
    return _image(picture, header, 'rgb8')


def shown(text: str) -> str:
    """Cut text that came from another node, so that no peer can flood the log."""
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + '...'


def _require_registered(image: Image, depth: Image, settings: InputSettings) -> None:
    ours, theirs = image.header.frame_id, depth.header.frame_id
    if ours == theirs or settings.allow_frame_mismatch:
        return
    raise BadFrame(
        'frame_mismatch',
        f"depth frame '{shown(theirs)}' is not the image frame '{shown(ours)}': depth is not "
        'registered to colour, output would be shifted; use the aligned depth topic of the '
        'driver (RealSense: align_depth.enable:=true), or set input.allow_frame_mismatch:=true '
        'if it is registered all the same',
    )


def _require_size(message: Image, max_pixels: int) -> None:
    width, height = message.width, message.height
    if width == 0 or height == 0:
        raise BadFrame('image_size', f'image is {width}x{height}: it has no pixels')
    if width * height > max_pixels:
        raise BadFrame(
            'image_size',
            f'image {width}x{height} has {width * height / 1e6:.1f} Mpx > input.max_pixels '
            f'{max_pixels / 1e6:.1f} Mpx; set input.max_pixels if it is meant',
        )


def _rows(message: Image, *, row_bytes: int, rows: int) -> np.ndarray:
    """Return the bytes of the pixels (rows, row_bytes), a view without the padding.

    Strides and lengths that don't hold the pixels are refused; the type support checks nothing.
    """
    if message.step < row_bytes:
        raise BadFrame(
            'image_step',
            f'image step {message.step} < {row_bytes} bytes for {message.width} pixels of '
            f'{shown(message.encoding)}; mend the publisher',
        )
    if len(message.data) < rows * message.step:
        raise BadFrame(
            'image_data',
            f'image has {len(message.data)} bytes < {rows * message.step} for {rows} rows of '
            f'{message.step}; mend the publisher',
        )
    data = np.frombuffer(message.data, np.uint8, count=rows * message.step)
    return data.reshape(rows, message.step)[:, :row_bytes]


def _pixels(message: Image, encoding: _Encoding) -> np.ndarray:
    """Return the pixels (H, W) or (H, W, channels) in this machine's byte order."""
    dtype = np.dtype(encoding.dtype).newbyteorder('>' if message.is_bigendian else '<')
    row_bytes = message.width * encoding.channels * dtype.itemsize
    rows = _rows(message, row_bytes=row_bytes, rows=message.height)
    if message.step % dtype.itemsize:
        rows = np.ascontiguousarray(rows)
    values = rows.view(dtype).astype(dtype.newbyteorder('='), copy=False)
    if encoding.channels == 1:
        return values
    return values.reshape(message.height, message.width, encoding.channels)


def _through_cv_bridge(message: Image) -> ByteImage:
    # Imported when first needed: its binary breaks where pip installed NumPy 2.
    from cv_bridge import CvBridge, CvBridgeError

    # Packed and in native order: cv_bridge misreads paddings that are no whole pixels, and its
    # byte swap fails under NumPy 2.
    name, dtype, channels = _COLOUR_BRIDGED[message.encoding]
    packed = _image(_pixels(message, _Encoding(dtype, channels)), message.header, name)
    try:
        picture: ByteImage = CvBridge().imgmsg_to_cv2(packed, desired_encoding='rgb8')
    except (CvBridgeError, cv2.error) as error:
        text = f'cv_bridge refuses {message.encoding}: {shown(str(error))}'
        raise BadFrame('image_encoding', text) from error
    return picture


def _from_planes(message: Image) -> ByteImage:
    """Convert a brightness plane with a half as high plane of colours below it."""
    if message.width % 2 or message.height % 2:
        size = f'{message.width}x{message.height}'
        raise BadFrame('image_size', f'{message.encoding} image {size} has an odd side')
    rows = _rows(message, row_bytes=message.width, rows=message.height * 3 // 2)
    picture: ByteImage = cv2.cvtColor(rows, _COLOUR_PLANAR[message.encoding])
    return picture


def _unsupported(reason: str, message: Image, supported: tuple[str, ...]) -> BadFrame:
    kind = reason.partition('_')[0]
    return BadFrame(
        reason,
        f"unsupported {kind} encoding '{shown(message.encoding)}'; "
        f'supported: {", ".join(supported)}',
    )


def _crop(intrinsics: Intrinsics, message: CameraInfo) -> Intrinsics:
    roi = message.roi
    if roi.width == 0 or roi.height == 0:
        return intrinsics
    return camera.crop(
        intrinsics, left=roi.x_offset, top=roi.y_offset, width=roi.width, height=roi.height
    )


def _bin(intrinsics: Intrinsics, message: CameraInfo) -> Intrinsics:
    return camera.bin_pixels(
        intrinsics, across=max(1, message.binning_x), down=max(1, message.binning_y)
    )


def _image(pixels: np.ndarray, header: Header, encoding: str) -> Image:
    height, width = pixels.shape[:2]
    message = Image(
        header=header,
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=int(sys.byteorder == 'big'),
        step=pixels.nbytes // height,
    )
    message.data = _bytes_of(pixels)
    return message


def _bytes_of(pixels: np.ndarray) -> array.array[int]:
    # The one type whose assignment to a message does not copy element by element.
    data = array.array('B')
    data.frombytes(np.ascontiguousarray(pixels).data.cast('B'))
    return data


def _point_fields(layout: PointLayout) -> list[PointField]:
    offsets = {'x': 0, 'y': 4, 'z': 8, 'rgb': layout.rgb_offset}
    return [
        PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
        for name, offset in offsets.items()
    ]
