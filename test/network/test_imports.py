# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the network must do without."""

from __future__ import annotations

import ast
from pathlib import Path
import subprocess
import sys

import pytest

import promptda_ros

PACKAGE = Path(promptda_ros.__file__).parent
CONVERTER = PACKAGE / 'tools' / 'convert_checkpoint.py'
SOURCES = sorted(PACKAGE.rglob('*.py'))
REFUSED = ('rclpy', 'sensor_msgs', 'cv_bridge', 'message_filters', 'transformers', 'torchvision')
REFUSED += ('huggingface_hub', 'timm', 'cv2')


def test_the_network_runs_without_ros_and_without_transformers():
    program = f"""
import sys
for name in {REFUSED}:
    sys.modules[name] = None  # an import of it raises ImportError
import torch
from promptda_ros.network import PromptDepthAnythingConfig, PromptDepthAnythingForDepthEstimation
network = PromptDepthAnythingForDepthEstimation(PromptDepthAnythingConfig()).eval()
with torch.inference_mode():
    depth = network(torch.zeros(1, 3, 28, 28), torch.rand(1, 1, 4, 4)).predicted_depth
assert depth.shape == (1, 28, 28)
"""
    subprocess.run([sys.executable, '-c', program], check=True, cwd=PACKAGE.parent)


def imports_and_calls(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f'{node.module}.{alias.name}' for alias in node.names)})
        elif isinstance(node, ast.Call):
            found.add(ast.unparse(node.func))
    return found


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_pickles_are_opened_by_the_converter_only(path):
    """B4: torch.load, pickle and their like can run code that a file brings along."""
    opening = {'torch.load', 'torch.jit.load', 'torch.hub.load', 'pickle', 'joblib', 'dill'}
    allowed = {'torch.load', 'pickle'} if path == CONVERTER else set()
    assert imports_and_calls(path) & opening <= allowed


def test_the_converter_loads_plain_tensors_only():
    tree = ast.parse(CONVERTER.read_text(encoding='utf-8'))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    loads = [node for node in calls if ast.unparse(node.func) == 'torch.load']
    options = [{word.arg: ast.unparse(word.value) for word in node.keywords} for node in loads]
    assert [option['weights_only'] for option in options] == ['True']
