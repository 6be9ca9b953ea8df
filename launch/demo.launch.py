# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Play the bundled recording in a loop through the node, and show the result in RViz."""

from __future__ import annotations

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage

HERE = Path(__file__).resolve().parent

ARGUMENTS = [
    DeclareLaunchArgument(
        'model',
        default_value='',
        description='Network: a name such as vitl, or a folder (with a slash).',
    ),
    DeclareLaunchArgument(
        'device',
        default_value='',
        description='Device of the network: auto, cpu, cuda or cuda:N.',
    ),
    DeclareLaunchArgument(
        'rviz', default_value='true', choices=['true', 'false'], description='Also start RViz.'
    ),
]


def generate_launch_description() -> LaunchDescription:
    """Start the node, which also sets the environment for large images, then the player."""
    depth = IncludeLaunchDescription(
        str(HERE / 'depth.launch.py'),
        launch_arguments={
            name: LaunchConfiguration(name) for name in ('model', 'device', 'rviz')
        }.items(),
    )
    player = ExecuteProcess(
        cmd=[ExecutableInPackage(executable='promptda', package='promptda_ros'), 'play', '--loop'],
        output='screen',
        emulate_tty=True,
    )
    return LaunchDescription([*ARGUMENTS, depth, player])
