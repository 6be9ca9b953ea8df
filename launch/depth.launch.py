# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node on a camera's and a depth sensor's topics, with RViz on demand.

The node ends with 0 when stopped, 2 for a wrong parameter, 3 for a model or device that cannot be
used and 70 for an internal error. With respawn:=true it starts again after any.
"""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch_ros.actions import Node

from promptda_ros.core.settings import model_setting
from promptda_ros.transport import large_image_environment

SHARE = Path(__file__).resolve().parents[1]
YES_NO = ['true', 'false']

ARGUMENTS = [
    DeclareLaunchArgument(
        'image_topic',
        default_value='/camera/color/image_raw',
        description='Colour image (sensor_msgs/Image).',
    ),
    DeclareLaunchArgument(
        'depth_topic',
        default_value='/camera/aligned_depth_to_color/image_raw',
        description='Sensor depth registered to the colour image (16UC1 in mm or 32FC1 in m).',
    ),
    DeclareLaunchArgument(
        'camera_info_topic',
        default_value='',
        description='Calibration of the colour image; empty: camera_info beside image_topic.',
    ),
    DeclareLaunchArgument(
        'params_file',
        default_value=str(SHARE / 'config' / 'promptda.yaml'),
        description='YAML file with the parameters of the node.',
    ),
    DeclareLaunchArgument(
        'namespace', default_value='', description='Namespace of the node, for example robot1.'
    ),
    DeclareLaunchArgument(
        'name', default_value='promptda', description='Name of the node; its topics begin with it.'
    ),
    DeclareLaunchArgument(
        'model',
        default_value='',
        description='Network: a name such as vitl, or a folder (with a slash); '
        'empty: as params_file says.',
    ),
    DeclareLaunchArgument(
        'device',
        default_value='',
        description='Where the network runs: auto, cpu, cuda or cuda:N; '
        'empty: as params_file says.',
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
        'use_sim_time',
        default_value='false',
        choices=YES_NO,
        description='Take the time from /clock, for simulators and recordings.',
    ),
    DeclareLaunchArgument(
        'log_level',
        default_value='info',
        choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description="Least severity of the node's log lines.",
    ),
    DeclareLaunchArgument(
        'respawn',
        default_value='false',
        choices=YES_NO,
        description='Start the node again, 2 s after it ended.',
    ),
]


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments, then start what they ask for."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[SetEnvironmentVariable | Node]:
    """Return the environment for large images, the node and, if wanted, RViz."""
    given = context.launch_configurations
    environment = large_image_environment(SHARE, context.environment)
    actions = [SetEnvironmentVariable(name, value) for name, value in environment.items()]
    actions.append(depth_node(given))
    if given['rviz'] == 'true':
        actions.append(rviz_node(given))
    return actions


def depth_node(given: dict[str, str]) -> Node:
    """Return the node with its topics; what was given here wins over the parameter file."""
    image_topic = given['image_topic']
    parent, slash, _ = image_topic.rpartition('/')
    logger = '.'.join([*filter(None, given['namespace'].split('/')), given['name']])
    return Node(
        package='promptda_ros',
        executable='promptda_node',
        namespace=given['namespace'],
        name=given['name'],
        parameters=[params_file(given), overrides(given)],
        remappings=[
            ('image', image_topic),
            ('depth', given['depth_topic']),
            ('camera_info', given['camera_info_topic'] or f'{parent}{slash}camera_info'),
        ],
        ros_arguments=['--log-level', f'{logger}:={given["log_level"]}'],
        output='screen',
        emulate_tty=True,
        respawn=given['respawn'] == 'true',
        respawn_delay=2.0,
    )


def params_file(given: dict[str, str]) -> str:
    """Return the parameter file; launch itself would go on without one that is missing."""
    path = Path(given['params_file']).expanduser()
    if not path.is_file():
        raise RuntimeError(f'params_file {path} is not a file: the node would run on defaults')
    return str(path)


def overrides(given: dict[str, str]) -> dict[str, str | bool]:
    """Return the parameters that were given as launch arguments."""
    parameters: dict[str, str | bool] = {}
    if given['model']:
        model = given['model']
        parameters[model_setting(model)] = str(Path(model).expanduser())
    if given['device']:
        parameters['device'] = given['device']
    if given['use_sim_time'] == 'true':
        parameters['use_sim_time'] = True
    return parameters


def rviz_node(given: dict[str, str]) -> Node:
    """Return RViz, its topics moved to where the node's are."""
    node = '/'.join(['', *filter(None, given['namespace'].split('/')), given['name']])
    topics = ('depth/preview', 'depth/image_rect', 'points')
    return Node(
        package='rviz2',
        executable='rviz2',
        arguments=['-d', str(SHARE / 'config' / 'promptda.rviz'), '-f', given['rviz_frame']],
        remappings=[(f'/promptda/{topic}', f'{node}/{topic}') for topic in topics],
        parameters=[{'use_sim_time': given['use_sim_time'] == 'true'}],
        output='screen',
    )
