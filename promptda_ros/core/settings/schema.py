# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""All settings of the node, and the groups that belong to no camera."""

from __future__ import annotations

from dataclasses import dataclass, field

from promptda_ros.core.model_names import EMBEDDED, FETCHABLE
from promptda_ros.core.settings.depth import OutputSettings, PromptSettings, TrustSettings
from promptda_ros.core.settings.input import (
    ExtrinsicsSettings,
    InputSettings,
    QosSettings,
    SyncSettings,
)
from promptda_ros.core.settings.setting import fixed, seconds, setting
from promptda_ros.core.settings.workspace import WorkspaceSettings


@dataclass(frozen=True)
class ModelSettings:
    """Which network runs, and at what resolution."""

    name: str = fixed(
        EMBEDDED,
        'Network to load: the embedded promptda-tiny, or one that `promptda fetch_model` '
        'downloaded.',
        choices=(EMBEDDED, *FETCHABLE),
    )
    path: str = fixed(
        '', 'Folder with config.json and model.safetensors to load instead of model.name.'
    )
    sha256: str = fixed(
        '',
        'Expected sha256 of the weights: model.safetensors, followed by anchor.safetensors if '
        'there is one; empty takes the digest stored in the folder. Set it to keep a robot on the '
        'weights it was approved with.',
    )
    resolution: str = fixed(
        'auto',
        "Size of the network's input; the aspect ratio is kept and images are never enlarged: "
        'low 252x336, medium 378x504, high 518x686, full 756x1008. auto is low on a CPU and full '
        'on CUDA, less while memory is short.',
        choices=('auto', 'low', 'medium', 'high', 'full'),
    )


@dataclass(frozen=True)
class CaptureSettings:
    """What the service ~/capture takes."""

    frames: int = setting(
        1, 'Number of frames in a capture, which is their median.', limits=(1, 100)
    )
    timeout: float = seconds(5.0, 'How long a capture waits for its frames.', limits=(0.1, 60.0))


@dataclass(frozen=True)
class WatchdogSettings:
    """When a computation that does not end counts as a hanging device."""

    inference_timeout: float = seconds(
        5.0,
        'Longest time for one frame of every camera; beyond it the process ends with exit code '
        '75 for a restart. Waiting for TF and confidence does not count, and the limit is at '
        'least ten times what a frame took at start, per camera.',
        limits=(0.5, 3600.0),
    )


@dataclass(frozen=True)
class Settings:
    """All settings of the node, one group a field."""

    device: str = fixed(
        'auto', 'Device of the network: cpu, cuda, cuda:N, or auto, which logs its choice.'
    )
    precision: str = fixed(
        'auto',
        'Number format of the network. auto is fp32 on a CPU or where promptda.json in the model '
        'folder asks for it (promptda-tiny); on CUDA it is the fastest mix of fp16 and fp32 whose '
        'depth agrees with fp32 on the CPU.',
        choices=('auto', 'fp32', 'fp16', 'bf16'),
    )
    engine: str = fixed(
        'auto',
        'Inference engine on a CPU: torch, openvino (fp32), or auto, which is openvino if it is '
        'installed (pip install openvino). On CUDA it is always torch, with CUDA graphs.',
        choices=('auto', 'torch', 'openvino'),
    )
    autostart: bool = fixed(
        True, 'Configure and activate at start; set false if a lifecycle manager does this.'
    )
    strict_params: bool = fixed(False, 'Refuse to start if an unknown parameter is given.')
    cameras: tuple[str, ...] = fixed(
        ('',),
        'Names of the cameras, which share one network; the topics and parameters of each begin '
        "with its name. [''] is one camera without a name.",
    )
    model: ModelSettings = field(default_factory=ModelSettings)
    input: InputSettings = field(default_factory=InputSettings)
    qos: QosSettings = field(default_factory=QosSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    prompt: PromptSettings = field(default_factory=PromptSettings)
    extrinsics: ExtrinsicsSettings = field(default_factory=ExtrinsicsSettings)
    output: OutputSettings = field(default_factory=OutputSettings)
    workspace: WorkspaceSettings = field(default_factory=WorkspaceSettings)
    trust: TrustSettings = field(default_factory=TrustSettings)
    capture: CaptureSettings = field(default_factory=CaptureSettings)
    watchdog: WatchdogSettings = field(default_factory=WatchdogSettings)
