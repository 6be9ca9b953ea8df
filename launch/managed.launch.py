# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the node under a lifecycle manager of nav2, which activates it and notices when it hangs.

Takes every argument of depth.launch.py, too. All arguments are checked before anything starts.
"""

from __future__ import annotations

import os
from pathlib import Path

from ament_index_python.packages import get_package_prefix, PackageNotFoundError
from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
)
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from promptda_ros.node.bond import has_bond, NO_BOND, TIMEOUT_SEC

HERE = Path(__file__).resolve().parent
# The manager gives up on a node that is not there by then; importing torch alone takes seconds.
START_TIMEOUT_SEC = 120.0

ARGUMENTS = [
    DeclareLaunchArgument(
        'manager',
        default_value='lifecycle_manager_promptda',
        description='Name of the lifecycle manager.',
    ),
    DeclareLaunchArgument(
        'bond_timeout',
        default_value='',
        description='Seconds without a sign of life after which the manager takes the node for '
        'lost; empty: 4.0 where bondpy is installed, else 0.0, which is never.',
    ),
    DeclareLaunchArgument(
        'respawn',
        default_value='true',
        choices=['true', 'false'],
        description='Restart the node 2 s after it ends, except after exit codes 2 and 3; the '
        'manager then activates it again.',
    ),
]


def generate_launch_description() -> LaunchDescription:
    """Check that there is a manager, start the node without autostart, then the manager."""
    depth = IncludeLaunchDescription(
        str(HERE / 'depth.launch.py'),
        launch_arguments={
            'autostart': 'false',
            'respawn': LaunchConfiguration('respawn'),
        }.items(),
    )
    require = OpaqueFunction(function=require_manager)
    return LaunchDescription([*ARGUMENTS, require, depth, OpaqueFunction(function=manage)])


def require_manager(context: LaunchContext) -> list[LogInfo]:
    """Refuse to start where nobody would activate the node."""
    given = context.launch_configurations['bond_timeout']
    if given and not is_seconds(given):
        raise RuntimeError(f'bond_timeout:={given} is not a number of seconds from 0 on')
    try:
        get_package_prefix('nav2_lifecycle_manager')
    except PackageNotFoundError:
        distribution = os.environ.get('ROS_DISTRO', '$ROS_DISTRO')
        raise RuntimeError(
            'nav2_lifecycle_manager is not installed, so nothing was started; sudo apt install '
            f'ros-{distribution}-nav2-lifecycle-manager, or use depth.launch.py, whose node '
            'activates itself'
        ) from None
    return []


def is_seconds(text: str) -> bool:
    """Return whether a text is a duration."""
    try:
        return 0 <= float(text) < float('inf')
    except ValueError:
        return False


def manage(context: LaunchContext) -> list[LogInfo | Node]:
    """Return the manager of all processes of the node, in the node's namespace as its bond is."""
    given = dict(context.launch_configurations)
    count = int(given['processes'])
    names = [given['name'], *(f'{given["name"]}_{number}' for number in range(2, count + 1))]
    timeout_sec = TIMEOUT_SEC if has_bond() else 0.0
    manager = Node(
        package='nav2_lifecycle_manager',
        executable='lifecycle_manager',
        namespace=given['namespace'],
        name=given['manager'],
        parameters=[
            {
                'autostart': True,
                'node_names': names,
                'bond_timeout': float(given['bond_timeout'] or timeout_sec),
                'bond_respawn_max_duration': START_TIMEOUT_SEC,
                'service_timeout': START_TIMEOUT_SEC,
                'use_sim_time': given['use_sim_time'] == 'true',
            }
        ],
        output='screen',
        emulate_tty=True,
    )
    said = [] if has_bond() else [LogInfo(msg=NO_BOND)]
    return [*said, manager]
