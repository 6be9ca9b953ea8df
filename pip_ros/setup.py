# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Install stand-ins for the ROS packages that PyPI lacks; not for beside a real ROS 2."""

from setuptools import setup

setup(
    name='promptda-pip-ros',
    version='0.1.0',
    description='What promptda_ros calls of message_filters, cv_bridge and sensor_msgs_py.',
    packages=['message_filters', 'cv_bridge', 'sensor_msgs_py'],
    python_requires='>=3.10',
    license='Apache-2.0',
)
