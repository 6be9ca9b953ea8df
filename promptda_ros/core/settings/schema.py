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
        'Network to load: the bundled promptda-tiny, or one downloaded with '
        '`promptda fetch_model`.',
        choices=(EMBEDDED, *FETCHABLE),
    )
    path: str = fixed(
        '', 'Folder with config.json and model.safetensors to load instead of model.name.'
    )
    sha256: str = fixed(
        '',
        'Expected sha256 of the weights: model.safetensors, followed by anchor.safetensors if '
        'there is one; if empty, the digest stored in the folder is used. Set it to ensure that a '
        'robot runs only the weights that were approved for it.',
    )
    resolution: str = fixed(
        'auto',
        "Size of the network's input: low 252x336, medium 378x504, high 518x686, full 756x1008; "
        'the aspect ratio is kept and images are never upsampled. auto is low on a CPU and full '
        'on CUDA, or less if there is not enough memory.',
        choices=('auto', 'low', 'medium', 'high', 'full'),
    )


@dataclass(frozen=True)
class CaptureSettings:
    """What the service ~/capture takes."""

    frames: int = setting(
        1,
        'Number of frames in a capture; the captured depth is their per-pixel median.',
        limits=(1, 100),
    )
    timeout: float = seconds(
        5.0, 'Maximum time to wait for the frames of a capture.', limits=(0.1, 60.0)
    )


@dataclass(frozen=True)
class WatchdogSettings:
    """When a computation that does not end counts as a hanging device."""

    inference_timeout: float = seconds(
        5.0,
        'Time limit for one batch, which contains one frame of each camera. If it is exceeded, '
        'the process ends with exit code 75, so that it can be restarted. Time spent waiting for '
        'TF, for confidence or for a processor that other processes use does not count. The '
        'limit is at least ten times the frame time measured at start-up, multiplied by the '
        'number of cameras.',
        limits=(0.5, 3600.0),
    )


@dataclass(frozen=True)
class Settings:
    """All settings of the node, one group a field."""

    device: str = fixed(
        'auto', 'Device of the network: cpu, cuda, cuda:N, or auto; the selected device is logged.'
    )
    precision: str = fixed(
        'auto',
        'Precision of the network. auto is fp32 on a CPU, or if promptda.json in the model '
        'folder requires it (promptda-tiny); on CUDA it is otherwise the fastest mix of fp16 and '
        'fp32 whose depth agrees with fp32 on the CPU.',
        choices=('auto', 'fp32', 'fp16', 'bf16'),
    )
    engine: str = fixed(
        'auto',
        'Inference engine. On a CPU: torch, openvino (fp32), or auto, which is openvino if it is '
        'installed (pip install openvino). On CUDA: torch with CUDA graphs; compile, which also '
        'compiles with torch.compile, up to a minute for each size; auto, which also uses fused '
        'kernels for pre- and postprocessing, and selects compile if it reduces the inference '
        'time measured at start-up by at least 10 %, for that size; or tensorrt, which also takes '
        'minutes to build for each size (pip install tensorrt onnx).',
        choices=('auto', 'torch', 'compile', 'openvino', 'tensorrt'),
    )
    autostart: bool = fixed(
        True,
        'Configure and activate the node at start-up; set false if a lifecycle manager does this.',
    )
    strict_params: bool = fixed(False, 'Refuse to start if an unknown parameter is set.')
    cameras: tuple[str, ...] = fixed(
        ('',),
        'Names of the cameras, which share one network; the topics and parameters of a camera '
        "begin with its name. [''] means one camera without a name.",
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
