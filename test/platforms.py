# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What each key of package.xml resolves to, by platform, and what pip brings instead.

By rosdep/python.yaml and {humble,jazzy,lyrical}/distribution.yaml of github.com/ros/rosdistro at
8468e88 (2026-08-22). A key that rosdep resolves to a package which the platform lacks stops
`rosdep install`, as python3-torch does on noble.
"""

# Ubuntu's name -> the ROS 2 distribution on it, and its Python
PLATFORMS = {
    'jammy': ('humble', '3.10'),
    'noble': ('jazzy', '3.12'),
    'resolute': ('lyrical', '3.14'),
}

# Released in humble, jazzy and lyrical: Debian package ros-<distribution>-<name with dashes>
ROS_PACKAGES = {
    *('ament_index_python', 'builtin_interfaces', 'cv_bridge', 'diagnostic_msgs', 'geometry_msgs'),
    *('launch', 'launch_ros', 'lifecycle_msgs', 'message_filters', 'rcl_interfaces', 'rclpy'),
    *('rosgraph_msgs', 'sensor_msgs', 'sensor_msgs_py', 'std_msgs', 'std_srvs', 'tf2_ros'),
    'tf2_ros_py',
}

# Keys that rosdep resolves to the Debian package of the same name on every Ubuntu
SAME_NAME = {
    *('python3-hypothesis', 'python3-matplotlib', 'python3-numpy', 'python3-opencv'),
    *('python3-packaging', 'python3-pil', 'python3-pytest', 'python3-pytest-timeout'),
    *('python3-setuptools', 'python3-tqdm', 'python3-yaml'),
}

# What pip brings -> why, by platform. Where apt's own is too old, the key stays in package.xml:
# the virtual environment's newer one hides it.
NO_KEY = 'rosdep has no key'
PIP = {
    'torch': {
        'jammy': 'python3-torch is 1.8',
        'noble': 'python3-torch does not exist, rosdep install stops',
        'resolute': 'python3-torch has no CUDA',
    },
    'safetensors': dict.fromkeys(PLATFORMS, NO_KEY),
    'mcap': dict.fromkeys(PLATFORMS, NO_KEY),
    'rosbags': dict.fromkeys(PLATFORMS, 'its key runs pip outside a virtual environment'),
    'numpy': {'jammy': 'python3-numpy is 1.21'},
    'pillow': {'jammy': 'python3-pil is 9.0'},
}
# The same for `colcon test`; what a test needs beyond that, it is skipped without
PIP_FOR_TESTS = {
    'pytest': {'jammy': 'python3-pytest is 6.2'},
    'viser': dict.fromkeys(PLATFORMS, NO_KEY),
}


def resolved(key: str, platform: str) -> str:
    """Return the Debian package that a key comes to; '' if the table has no entry."""
    if key in ROS_PACKAGES:
        return f'ros-{PLATFORMS[platform][0]}-{key.replace("_", "-")}'
    return key if key in SAME_NAME else ''
