# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# For Jetson with JetPack 6 or newer: CUDA, TensorRT and torch from BASE, an image of Ubuntu 24.04 with torch for your
# JetPack; Jazzy from ROS's own packages. How it is built and used: docs/containers.md
ARG BASE=nvcr.io/nvidia/pytorch:25.08-py3-igpu
FROM ${BASE}
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# BASE pins packages of pip that nothing here needs.
ENV DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 ROS_DISTRO=jazzy PIP_CONSTRAINT=

# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates curl \
 && curl --fail --silent --show-error --location --output /usr/share/keyrings/ros-archive-keyring.gpg \
      https://raw.githubusercontent.com/ros/rosdistro/master/ros.key \
 && echo 'deb [signed-by=/usr/share/keyrings/ros-archive-keyring.gpg] http://packages.ros.org/ros2/ubuntu noble main' \
      > /etc/apt/sources.list.d/ros2.list \
 && apt-get update \
 && apt-get install --yes --no-install-recommends \
      python3-colcon-common-extensions python3-rosdep python3-venv ros-jazzy-ros-base \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /ws
COPY package.xml src/promptda_ros/
# hadolint ignore=DL3008
RUN apt-get update \
 && rosdep init \
 && rosdep update --rosdistro jazzy \
 && rosdep install --from-paths src --ignore-src --default-yes --rosdistro jazzy --dependency-types exec \
 && rm -rf /var/lib/apt/lists/*

# torch is that of BASE: pip's own has no CUDA for Jetson.
# hadolint ignore=DL3013
RUN python3 -m venv --system-site-packages /venv \
 && /venv/bin/python -c 'import torch; assert torch.version.cuda, "BASE has no torch with CUDA"' \
 && /venv/bin/python -m pip install --no-cache-dir 'numpy>=1.26,<2' 'pillow>=9.1' safetensors rosbags mcap huggingface_hub

COPY . src/promptda_ros
# hadolint ignore=SC3046
RUN . /opt/ros/jazzy/setup.bash \
 && . /venv/bin/activate \
 && python -m colcon build --packages-select promptda_ros

COPY docker/entrypoint.bash /entrypoint.bash
RUN install --directory --mode 1777 \
      /home/robot /home/robot/.cache /home/robot/.cache/promptda_ros /home/robot/.cache/promptda_ros/models
# torch asks for the name of the user, who may have none here.
ENV HOME=/home/robot USER=robot
WORKDIR /home/robot
USER 1000
ENTRYPOINT ["/entrypoint.bash"]
CMD ["ros2", "launch", "promptda_ros", "depth.launch.py", "device:=cuda"]
