# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node on a camera's and a depth sensor's topics, with RViz on demand.

The node ends with 0 when stopped, 2 for a wrong parameter, 3 for a model or device that cannot be
used, 70 for an internal error and 75 for a GPU that is lost or hangs. With respawn:=true it starts
again, except after 2 and 3, which a restart does not fix. All arguments are checked before
anything starts.
"""

from __future__ import annotations

from itertools import pairwise
import os
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_prefix, PackageNotFoundError
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.events import matches_action
from launch.events.process import ProcessExited, ShutdownProcess
from launch_ros.actions import Node

from promptda_ros import presets
from promptda_ros.core.errors import ExitCode
from promptda_ros.core.geometry.frame_ids import plain
from promptda_ros.core.names import check_node
from promptda_ros.core.settings import describe, model_setting
from promptda_ros.core.settings.cameras import check_cameras
from promptda_ros.dds_environment import large_image_environment
from promptda_ros.params_file import require_ours

SHARE = Path(__file__).resolve().parents[1]
DEFAULT_PARAMETERS = str(SHARE / 'config' / 'promptda.yaml')
YES_NO = ['true', 'false']
CHOICES = {setting.name: setting.choices for setting in describe()}
MOST_PROCESSES = 8
RESPAWN_DELAY_SEC = 2.0
# By the argument that starts them: package and program
VIEWERS = {'rviz': ('rviz2', 'rviz2'), 'foxglove': ('foxglove_bridge', 'foxglove_bridge')}
HOPELESS = (ExitCode.CONFIGURATION, ExitCode.MODEL_OR_DEVICE)  # a restart does not fix them

# Where a RealSense publishes that was started as docs/recipes/cameras.md says; several cameras
# have their names in place of its namespace, as docs/recipes/several_cameras.md starts them
DEFAULT_NAMESPACE = '/camera'
DEFAULT_TOPICS = {
    'image': '/camera/color/image_raw',
    'depth': '/camera/aligned_depth_to_color/image_raw',
}

ARGUMENTS = [
    DeclareLaunchArgument(
        'camera',
        default_value='',
        choices=['', *presets.names()],
        description='Preset of a known camera or sensor: its topics and parameters are used '
        'unless you set others.',
    ),
    DeclareLaunchArgument(
        'cameras',
        default_value='',
        description='Names of several cameras, for example left,right: every topic then begins '
        'with the name, as in /left/camera/color/image_raw.',
    ),
    DeclareLaunchArgument(
        'processes',
        default_value='1',
        choices=[str(number) for number in range(1, MOST_PROCESSES + 1)],
        description='Processes that share the cameras, where one is not enough: nodes NAME, '
        'NAME_2 and so on, each with its own network and its part of the cameras in order.',
    ),
    DeclareLaunchArgument(
        'image_topic',
        default_value='',
        description='Colour image; if empty, the topic of camera:=, or of realsense_d435.',
    ),
    DeclareLaunchArgument(
        'depth_topic',
        default_value='',
        description='Sensor depth, an image (16UC1 in mm or 32FC1 in m) or PointCloud2; empty: '
        'that of camera:=, else of realsense_d435.',
    ),
    DeclareLaunchArgument(
        'camera_info_topic',
        default_value='',
        description='Calibration of the colour image; if empty, camera_info in the namespace of '
        'image_topic.',
    ),
    DeclareLaunchArgument(
        'depth_camera_info_topic',
        default_value='',
        description='Calibration of a depth image that is not registered to colour; empty: '
        'camera_info in the namespace of depth_topic.',
    ),
    DeclareLaunchArgument(
        'confidence_topic',
        default_value='',
        description='Confidence of the depth image, for input.min_confidence.',
    ),
    DeclareLaunchArgument(
        'mask_topic',
        default_value='',
        description='Mask of the robot or of the object, for input.mask.',
    ),
    DeclareLaunchArgument(
        'image_transport',
        default_value='',
        choices=['', *CHOICES['input.image_transport']],
        description='Transport of the images; if empty, the parameter is used (auto by default).',
    ),
    DeclareLaunchArgument(
        'depth_transport',
        default_value='',
        choices=['', *CHOICES['input.depth_transport']],
        description='Transport of the depth; if empty, the parameter is used (auto by default).',
    ),
    DeclareLaunchArgument(
        'params_file',
        default_value=DEFAULT_PARAMETERS,
        description='YAML file with the parameters of the node; it has priority over camera:=.',
    ),
    DeclareLaunchArgument(
        'namespace', default_value='', description='Namespace of the node, for example robot1.'
    ),
    DeclareLaunchArgument(
        'name',
        default_value='promptda',
        description='Name of the node, which is also the namespace of its outputs.',
    ),
    DeclareLaunchArgument(
        'model',
        default_value='',
        description='Network: a name such as vitl, or a folder (with a slash); '
        'if empty, the value in params_file is used.',
    ),
    DeclareLaunchArgument(
        'device',
        default_value='',
        description='Device of the network: auto, cpu, cuda or cuda:N; '
        'if empty, the value in params_file is used.',
    ),
    DeclareLaunchArgument(
        'rviz', default_value='false', choices=YES_NO, description='Also start RViz.'
    ),
    DeclareLaunchArgument(
        'rviz_frame',
        default_value='camera_color_optical_frame',
        description='Fixed frame of RViz: the frame_id of the colour images.',
    ),
    DeclareLaunchArgument(
        'foxglove',
        default_value='false',
        choices=YES_NO,
        description='Also start foxglove_bridge on localhost:8765, with the topics of the node '
        'and of its inputs; layout: config/foxglove_layout.json.',
    ),
    DeclareLaunchArgument(
        'use_sim_time',
        default_value='false',
        choices=YES_NO,
        description='Use the time of /clock, for simulators and recordings.',
    ),
    DeclareLaunchArgument(
        'log_level',
        default_value='info',
        choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='Minimum severity of the log messages of the node.',
    ),
    DeclareLaunchArgument(
        'autostart',
        default_value='',
        choices=['', *YES_NO],
        description='Let the node configure and activate itself; false leaves this to a lifecycle '
        'manager (managed.launch.py starts one). If empty, the value in params_file is used.',
    ),
    DeclareLaunchArgument(
        'respawn',
        default_value='false',
        choices=YES_NO,
        description='Restart the node 2 s after it ends, except after exit codes 2 and 3.',
    ),
]


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, then start what they ask for."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[SetEnvironmentVariable | Node]:
    """Return the environment for large images, the nodes and, if wanted, viewers."""
    given = dict(context.launch_configurations)
    processes = shares(given)
    require_all(given, processes)
    environment = large_image_environment(SHARE, context.environment)
    actions = [SetEnvironmentVariable(name, value) for name, value in environment.items()]
    actions += [depth_node(each) for each in processes]
    if given['rviz'] == 'true':
        actions.append(rviz_node(given))
    if given['foxglove'] == 'true':
        actions.append(foxglove_node(processes))
    return actions


def require_all(given: dict[str, str], processes: list[dict[str, str]]) -> None:
    """Check all arguments first: after an error launch leaves running what it has started."""
    check_cameras(camera_names(given))
    for each in processes:
        node = check_node(each['namespace'], each['name'], camera_names(each))
        require_ours(Path(params_file(each)), node)
    for argument, (package, program) in VIEWERS.items():
        if given[argument] == 'true':
            require_viewer(argument, package, program)


def require_viewer(argument: str, package: str, program: str) -> None:
    """Refuse a viewer that is not installed."""
    try:
        path = Path(get_package_prefix(package)) / 'lib' / package / program
    except PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        distribution = os.environ.get('ROS_DISTRO', '$ROS_DISTRO')
        debian = f'ros-{distribution}-{package.replace("_", "-")}'
        raise RuntimeError(
            f'{argument}:=true but {package} is not installed, so nothing was started; '
            f'sudo apt install {debian}, or set {argument}:=false'
        )


def shares(given: dict[str, str]) -> list[dict[str, str]]:
    """Return what each process is given: a name and cameras of its own."""
    count, cameras = int(given['processes']), camera_names(given)
    if count == 1:
        return [given]
    if count > len(cameras):
        raise RuntimeError(
            f'processes:={count} is more than the {len(cameras)} of cameras:={given["cameras"]}: '
            'a process would have none; name as many cameras, or lower processes'
        )
    names = [given['name'], *(f'{given["name"]}_{number}' for number in range(2, count + 1))]
    ends = [len(cameras) * number // count for number in range(count + 1)]
    parts = [cameras[begin:end] for begin, end in pairwise(ends)]
    return [
        {**given, 'name': name, 'cameras': ','.join(part)}
        for name, part in zip(names, parts, strict=True)
    ]


def depth_node(given: dict[str, str]) -> Node:
    """Return the node with its topics; what was given here wins over files."""
    logger = '.'.join([*filter(None, given['namespace'].split('/')), given['name']])
    preset = preset_of(given)
    return Node(
        package='promptda_ros',
        executable='promptda_node',
        namespace=given['namespace'],
        name=given['name'],
        parameters=parameters(given, preset),
        remappings=remappings(given, preset),
        ros_arguments=['--log-level', f'{logger}:={given["log_level"]}'],
        output='screen',
        emulate_tty=True,
        respawn=given['respawn'] == 'true',
        respawn_delay=RESPAWN_DELAY_SEC,
        on_exit=stay_down_if_hopeless,
    )


def preset_of(given: dict[str, str]) -> presets.Preset:
    """Return the preset of the camera, an empty one where none is named."""
    return presets.load(given['camera']) if given['camera'] else presets.Preset()


def stay_down_if_hopeless(
    event: ProcessExited, context: LaunchContext
) -> list[LogInfo | EmitEvent]:
    """Do not respawn a node after an error that a restart does not fix."""
    if event.returncode not in HOPELESS or context.is_shutdown:
        return []
    text = (
        f'exit code {event.returncode} of {event.process_name}: a restart does not fix that, the '
        'node stays down; its last line says what to do'
    )
    shutdown = ShutdownProcess(process_matcher=matches_action(event.action))
    return [LogInfo(msg=text), EmitEvent(event=shutdown)]


def remappings(given: dict[str, str], preset: presets.Preset) -> list[tuple[str, str]]:
    """Return where the inputs come from; cameras with names have namespaces of that name."""
    topics = topics_of(given, preset)
    if not given['cameras']:
        return [*topics.items()]
    return [
        (f'{camera}/{role}', f'/{camera}{topic}' if topic.startswith('/') else f'{camera}/{topic}')
        for camera in camera_names(given)
        for role, topic in topics.items()
    ]


def topics_of(given: dict[str, str], preset: presets.Preset) -> dict[str, str]:
    """Return the topic of each input: what is given, else the preset's, else the default."""
    namespace = '' if given['cameras'] else DEFAULT_NAMESPACE
    defaults = {role: f'{namespace}{topic}' for role, topic in DEFAULT_TOPICS.items()}
    topics = {**defaults, **preset.topics}
    for picture, calibration in (('image', 'camera_info'), ('depth', 'depth_camera_info')):
        if given[f'{picture}_topic']:
            topics[picture] = given[f'{picture}_topic']
            topics.pop(calibration, None)  # it belongs to another picture
        parent, slash, _ = topics[picture].rpartition('/')
        topics.setdefault(calibration, f'{parent}{slash}camera_info')
    chosen = {role: given[f'{role}_topic'] for role in presets.TOPICS}
    return {**topics, **{role: topic for role, topic in chosen.items() if topic}}


def camera_names(given: dict[str, str]) -> list[str]:
    """Return the names of the cameras; one camera has none."""
    return [name.strip() for name in given['cameras'].split(',')]


def parameters(given: dict[str, str], preset: presets.Preset) -> list[str | dict[str, Any]]:
    """Return files and values, the later ones winning over those before."""
    sources: list[str | dict[str, Any]] = [params_file(given), overrides(given)]
    if preset.parameters:
        # The file of the package states every default, one of the user what was meant.
        is_default = given['params_file'] == DEFAULT_PARAMETERS
        sources.insert(1 if is_default else 0, dict(preset.parameters))
    return sources


def params_file(given: dict[str, str]) -> str:
    """Return the parameter file; launch itself would go on without one that is missing."""
    path = Path(given['params_file']).expanduser()
    if not path.is_file():
        raise RuntimeError(f'params_file {path} is not a file: the node would run on defaults')
    return str(path)


def overrides(given: dict[str, str]) -> dict[str, Any]:
    """Return the parameters that were given as launch arguments."""
    parameters: dict[str, Any] = {}
    if given['cameras']:
        parameters['cameras'] = camera_names(given)
    for transport in ('image_transport', 'depth_transport'):
        if given[transport]:
            parameters[f'input.{transport}'] = given[transport]
    if given['model']:
        model = given['model']
        parameters[model_setting(model)] = str(Path(model).expanduser())
    if given['device']:
        parameters['device'] = given['device']
    if given['autostart']:
        parameters['autostart'] = given['autostart'] == 'true'
    if given['use_sim_time'] == 'true':
        parameters['use_sim_time'] = True
    return parameters


def rviz_node(given: dict[str, str]) -> Node:
    """Return RViz, its topics moved to where the node's are, those of the first camera."""
    names = (*given['namespace'].split('/'), given['name'], camera_names(given)[0])
    node = '/'.join(['', *filter(None, names)])
    topics = ('depth/preview', 'depth/image_rect', 'points')
    frame = plain(given['rviz_frame'])
    return Node(
        package='rviz2',
        executable='rviz2',
        arguments=['-d', str(SHARE / 'config' / 'promptda.rviz'), '-f', frame],
        remappings=[(f'/promptda/{topic}', f'{node}/{topic}') for topic in topics],
        parameters=[{'use_sim_time': given['use_sim_time'] == 'true'}],
        output='screen',
    )


def foxglove_node(processes: list[dict[str, str]]) -> Node:
    """Return the bridge to Foxglove, for browsers on this machine and the topics of the nodes."""
    topics = ['/diagnostics', '/tf', '/tf_static']
    for each in processes:
        space = '/'.join(['', *filter(None, each['namespace'].split('/'))])
        # Inputs without a slash are in the namespace of the node.
        inputs = [topic for _, topic in remappings(each, preset_of(each))]
        topics += [topic if topic.startswith('/') else f'{space}/{topic}' for topic in inputs]
        topics.append(f'{space}/{each["name"]}/.*')
    return Node(
        package='foxglove_bridge',
        executable='foxglove_bridge',
        parameters=[
            {
                'address': '127.0.0.1',
                'topic_whitelist': [
                    f'^{topic}(/compressed|/compressedDepth)?$' for topic in topics
                ],
                'use_sim_time': processes[0]['use_sim_time'] == 'true',
            }
        ],
        output='screen',
    )
