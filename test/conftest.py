# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain for every test, and a network that is ready to be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, ExitStack
import fcntl
import gc
from itertools import islice
import os
from pathlib import Path
import random
import resource
import sys
import tempfile
from typing import Any, TYPE_CHECKING

from hypothesis import settings
import pytest

if TYPE_CHECKING:
    from rclpy.context import Context

# How long an example takes says how busy the machine is.
settings.register_profile('promptda_ros', deadline=None)
settings.load_profile('promptda_ros')
# Higher ones take ports that Linux gives to others.
DOMAINS = range(1, 102)
DEMO = Path(__file__).resolve().parents[1] / 'assets' / 'demo.mcap'
DEMO_TOPICS = 4


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that proves the tests of settings."""
    parser.addoption(
        '--ignore-settings',
        action='store_true',
        help='run each test of a setting with that setting always at its default: it has to fail',
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ignore one setting after the other where a test is of several."""
    marks = metafunc.definition.iter_markers('setting')
    names = [name for mark in marks for name in mark.args]
    if names and metafunc.config.getoption('--ignore-settings'):
        metafunc.parametrize('_ignored_setting', names, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let a test that passes although its setting is ignored fail."""
    if config.getoption('--ignore-settings'):
        for item in items:
            if item.get_closest_marker('setting'):
                item.add_marker(pytest.mark.xfail(reason='its setting is ignored', strict=True))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from reading all tests and libraries again and again.

    It takes half a second for them, and some of what is tested calls it often.
    """
    gc.freeze()


@pytest.fixture(autouse=True)
def _ignored_setting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a setting have its default whatever is given, if asked for by `--ignore-settings`."""
    if not hasattr(request, 'param'):
        return
    from promptda_ros.core.settings.schema import Settings

    group, _, name = request.param.rpartition('.')
    owner = type(getattr(Settings(), group)) if group else Settings
    default = getattr(owner(), name)
    ignored = property(lambda _: default, lambda *_: None)
    monkeypatch.setattr(owner, name, ignored)


@pytest.fixture(autouse=True, scope='session')
def calm_torch() -> None:
    """Keep small networks from waiting for threads on machines that are busy."""
    import torch

    torch.set_num_threads(1)


# Triton reads this when it is imported: without a card its kernels run on the CPU. Files, because
# asking torch would import it for every test.
if not any(map(os.path.exists, ('/dev/nvidiactl', '/dev/nvhost-gpu', '/dev/dxg'))):
    os.environ['TRITON_INTERPRET'] = '1'

# With this package OpenVINO would report every run of the tests over the internet.
sys.modules['openvino_telemetry'] = None  # type: ignore[assignment]


@pytest.fixture
def domain_id() -> Iterator[int]:
    """Hold a ROS domain that no other test on this machine uses, in this session or another."""
    with ExitStack() as stack:
        for domain in random.SystemRandom().sample(DOMAINS, len(DOMAINS)):
            path = Path(tempfile.gettempdir()) / f'promptda_ros_domain_{domain}.lock'
            try:
                lock = stack.enter_context(path.open('w'))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # held, or made by another user
                continue
            yield domain
            return
        pytest.fail(f'all {len(DOMAINS)} ROS domains are in use')


@pytest.fixture
def make_context(
    domain_id: int, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Context]]:
    """Make rclpy contexts on the test's own domain from ROS arguments such as `-r a:=b`."""
    import rclpy
    from rclpy.context import Context

    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path_factory.getbasetemp() / 'ros_log'))
    contexts = []

    def make(*ros_arguments: str) -> Context:
        context = Context()
        contexts.append(context)
        args = ['--ros-args', *ros_arguments]
        rclpy.init(args=args, context=context, domain_id=domain_id)
        return context

    yield make
    for context in contexts:
        context.try_shutdown()


@pytest.fixture
def ros_context(make_context: Callable[..., Context]) -> Context:
    """Initialise a context without arguments on the test's own domain."""
    return make_context()


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture
def files_of_at_most() -> Callable[[int], AbstractContextManager[None]]:
    """Return what lets no file grow beyond a size in bytes, as on a full disk.

    It holds for a `with` alone: pytest writes its own log to a file before fixtures end.
    """
    return _files_of_at_most


@pytest.fixture
def gpu_without_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch find a GPU for which it is not built."""
    import torch

    def fail(_device: torch.device) -> None:
        raise RuntimeError('CUDA error: no kernel image is available for execution on the device')

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda device: (8, 7))
    monkeypatch.setattr('promptda_ros.core.runtime.device.run_kernel', fail)


@pytest.fixture
def copy_demo(tmp_path: Path) -> Callable[..., Path]:
    """Return what copies the first frames of the bundled recording to a bag of another kind."""
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
    from rosbags.typesys import get_typestore, Stores

    def copy(
        storage: StoragePlugin = StoragePlugin.MCAP,
        mode: CompressionMode | None = None,
        *,
        frames: int = 3,
    ) -> Path:
        types, connections = get_typestore(Stores.ROS2_HUMBLE), {}
        writer = Writer(tmp_path / 'bag', version=9, storage_plugin=storage)
        if mode is not None:
            writer.set_compression(mode, CompressionFormat.ZSTD)
        with Reader(DEMO) as reader, writer:
            for connection, at_ns, data in islice(reader.messages(), frames * DEMO_TOPICS):
                topic = connection.topic
                if topic not in connections:
                    connections[topic] = writer.add_connection(
                        topic, connection.msgtype, typestore=types
                    )
                writer.write(connections[topic], at_ns, bytes(data))
        return tmp_path / 'bag'

    return copy


@pytest.fixture(scope='session')
def network_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a small network of the real architecture; its weights are random: for loading only."""
    import torch

    from promptda_ros.network import (
        PromptDepthAnythingConfig,
        PromptDepthAnythingForDepthEstimation,
    )

    backbone: dict[str, Any] = {
        'hidden_size': 48,
        'num_hidden_layers': 4,
        'num_attention_heads': 2,
        'image_size': 70,
        'out_indices': [1, 2, 3, 4],
        'reshape_hidden_states': False,
    }
    config = PromptDepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=48,
        neck_hidden_sizes=[8, 12, 16, 20],
        fusion_hidden_size=12,
        head_hidden_size=8,
        depth_estimation_type='metric',
    )
    folder = tmp_path_factory.mktemp('networks') / 'random'
    with torch.random.fork_rng():
        torch.manual_seed(7)
        PromptDepthAnythingForDepthEstimation(config).save_pretrained(folder)
    return folder
