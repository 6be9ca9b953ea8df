# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`promptda estimate`: dense depth of one image and one sensor depth file, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from promptda_ros.core.errors import ExitCode
from promptda_ros.core.frame import ByteImage, Frame, Mask
from promptda_ros.core.frame_outputs import FrameOutputs
from promptda_ros.core.geometry.camera import along_axis
from promptda_ros.core.output_folder import OutputFolder
from promptda_ros.core.restore.trust import require_trust, Validity
from promptda_ros.lab.figure import depth_panels, save_figure
from promptda_ros.loaded_model import LoadedModel
from promptda_ros.messages import millimetres
from promptda_ros.messages.picture_files import (
    read_depth_file,
    read_image_file,
    require_files_of_same_view,
    write_array,
    write_picture,
)
from promptda_ros.messages.ply import write_ply
from promptda_ros.model import load_model
from promptda_ros.tools.arguments import (
    add_camera,
    add_model,
    add_settings,
    camera_of,
    in_options,
    number_from,
    Parser,
    rays_of,
    settings_of,
)

RESULTS = ('depth.npy', 'depth.png', 'validity.png', 'preview.png', 'cloud.ply')


def main(argv: list[str]) -> int:
    """Write depth.png, depth.npy, validity.png, preview.png and, with intrinsics, cloud.ply."""
    arguments = make_parser().parse_args(argv)
    more = {'model.resolution': arguments.resolution, **dict(arguments.settings)}
    settings = settings_of(arguments, arguments.model, **more)
    with OutputFolder(arguments.out, *RESULTS) as unfinished:
        frame = _frame(arguments)
        model = load_model(settings)
        depth = model.estimator.estimate(frame, settings.prompt, settings.output)
        require_trust(depth, settings.trust)
        result = FrameOutputs(frame, depth, settings)
        _write(unfinished, result)
    _tell(arguments.out, result, model)
    return ExitCode.CLEAN


def make_parser() -> Parser:
    """Return the arguments of this command."""
    parser = Parser('estimate', __doc__)
    parser.add_argument('--image', type=Path, required=True, help='colour image')
    parser.add_argument(
        '--depth',
        type=Path,
        required=True,
        help='PNG, TIFF or .npy, registered to the image; EXIF orientation is ignored',
    )
    parser.add_argument(
        '--depth-scale',
        type=number_from(0.0),
        default=0.0,
        help='metres per unit; 0 means 0.001 for integers and 1 for other types',
    )
    add_settings(parser)
    add_camera(parser, needed_for='cloud.ply and for ')
    add_model(parser)
    parser.add_argument('--device', default='auto', help='auto, cpu, cuda or cuda:N')
    parser.add_argument('--resolution', default='auto', help='auto, low, medium, high or full')
    parser.add_argument('--out', type=Path, required=True, help='folder for the results')
    return parser


def _frame(arguments: argparse.Namespace) -> Frame:
    image = read_image_file(arguments.image)
    camera = camera_of(arguments, *image.shape[:2])
    sensor_depth_m = read_depth_file(arguments.depth, arguments.depth_scale)
    if rays_of(arguments) and camera is not None:
        sensor_depth_m = along_axis(sensor_depth_m, camera)
    rows, columns = sensor_depth_m.shape
    require_files_of_same_view(arguments.image, image.shape[:2], arguments.depth, (rows, columns))
    return Frame(
        stamp_ns=0,
        frame_id='',
        image=image,
        sensor_depth_m=sensor_depth_m,
        intrinsics=camera,
    )


def _write(folder: Path, result: FrameOutputs) -> None:
    frame, depth_m = result.frame, result.image_depth.depth_m
    write_array(folder / 'depth.npy', depth_m)
    write_picture(folder / 'depth.png', millimetres.counts_of_metres(depth_m))
    write_picture(folder / 'validity.png', result.validity)
    panels = depth_panels(('sensor depth', frame.sensor_depth_m), ('our depth', depth_m))
    save_figure(folder / 'preview.png', frame.image, panels, title='promptda estimate')
    if frame.intrinsics is None:
        return
    n = result.settings.output.stride
    write_ply(folder / 'cloud.ply', result.points[..., :3], result.image[::n, ::n])


def _tell(folder: Path, result: FrameOutputs, model: LoadedModel) -> None:
    depth, depth_m = result.depth, result.image_depth.depth_m
    known = np.isfinite(depth_m)
    print(f'network   {model.describe()}')
    for note in model.notes:
        print(f'note      {in_options(note, make_parser().options)}')
    measured = f'{depth.measured_fraction:.1%} measured'
    print(f'prompt    {depth.prompt.near_m:.3f} to {depth.prompt.far_m:.3f} m, {measured}')
    if known.any():
        nearest_m, farthest_m = np.nanmin(depth_m), np.nanmax(depth_m)
        print(f'depth     {nearest_m:.3f} to {farthest_m:.3f} m')
    print(f'pixels    known {_shares(result.validity, known)}')
    if not known.all():
        print(f'          unknown {_shares(result.validity, ~known)}')
    print(f'results   {folder}')


def _shares(validity: ByteImage, where: Mask) -> str:
    """Say what share of all pixels these are, and of each code, the largest code first."""
    counts = {code: np.count_nonzero(validity[where] == code) for code in reversed(Validity)}
    parts = ', '.join(
        f'{count / validity.size:.1%} {code.name.lower().replace("_", " ")}'
        for code, count in counts.items()
        if count
    )
    return f'{where.mean():.1%}: {parts}'
