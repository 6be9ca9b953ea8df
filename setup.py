# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Install the package, its launch files, settings, models and recording."""

import os
from pathlib import Path
import sys

from setuptools import find_packages, setup

NAME = 'promptda_ros'
SHARE = Path('share') / NAME
# No distribution has these, or not in a version that is new enough: pip brings them everywhere.
PIP_BRINGS = ['torch>=2.2', 'safetensors', 'rosbags>=0.11', 'mcap']
# rosdep brings these by Debian's names; without ROS, pip does.
ROSDEP_BRINGS = [
    'matplotlib>=3.5',
    'numpy>=1.26',
    'opencv-python-headless',
    'pillow>=9.1',
    'PyYAML',
    'tqdm',
]


def files_below(folder: str) -> list[tuple[str, list[str]]]:
    """List (destination, sources) for every file below `folder`, keeping its sub-folders."""
    sources = sorted(path for path in Path(folder).rglob('*') if path.is_file())
    sources = [path for path in sources if '__pycache__' not in path.parts]
    return [(str(SHARE / path.parent), [str(path)]) for path in sources]


def python_of_commands() -> str:
    """Return the Python of the commands: that of the virtual environment they are built in.

    So they find torch in every terminal and under systemd, where nothing is active. Without one
    it is the first Python of the path, as for every package of ROS.
    """
    active = os.environ.get('VIRTUAL_ENV')
    if active:
        return str(Path(active) / 'bin' / 'python3')  # also where colcon itself has another one
    return sys.executable if sys.prefix != sys.base_prefix else '/usr/bin/env python3'


def requirements() -> list[str]:
    """List what pip has to bring; with ROS nothing, as Debian's packages have other names."""
    return ['setuptools'] if os.environ.get('AMENT_PREFIX_PATH') else [*PIP_BRINGS, *ROSDEP_BRINGS]


setup(
    name=NAME,
    version='0.2.0',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={'': ['py.typed', '*.html', '*.xml']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (str(SHARE), ['package.xml']),
        *files_below('launch'),
        *files_below('config'),
        *files_below('environment'),
        *files_below('models'),
        *files_below('assets'),
    ],
    python_requires='>=3.10',
    install_requires=requirements(),
    zip_safe=True,
    maintainer='promptda_ros contributors',
    maintainer_email='promptda_ros@users.noreply.github.com',
    description='Dense metric depth and point clouds from a camera and a cheap depth sensor.',
    license='Apache-2.0',
    extras_require={
        'fetch': ['huggingface_hub'],
        'filters': ['opencv-contrib-python-headless'],
        'lab': ['mujoco>=3.2'],
        'lerobot': ['pyarrow'],
        'onnx': ['onnx', 'onnxruntime'],
        'openvino': ['openvino>=2026.4'],
        'ray': ['ray>=2.40'],
        'tensorrt': ['onnx', 'tensorrt'],
        'test': ['hypothesis', 'pytest>=7.4', 'pytest-timeout', 'viser>=1.1'],
        'torch': PIP_BRINGS,
        'view': ['viser>=1.1'],
    },
    options={'build_scripts': {'executable': python_of_commands()}},
    entry_points={
        'console_scripts': [
            'promptda = promptda_ros.tools.main:main',
            'promptda_node = promptda_ros.main:main',
        ],
    },
)
