# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Constant folding of an ONNX graph whose inputs have fixed sizes.

torch exports the sizes of tensors as operators on integers, which are constants here. Engines
either fold them as well or have no operator for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def fold_constants(model: Any) -> Any:
    """Replace operators that depend on constants and sizes alone by their values, in place."""
    graph = model.graph
    count = 0
    while count != len(graph.node):  # a value may determine more sizes
        count = len(graph.node)
        _fold(model, _known_sizes(model))
    used = {name for node in graph.node for name in node.input}
    _replace(graph.initializer, (each for each in graph.initializer if each.name in used))
    return model


def _known_sizes(model: Any) -> dict[str, tuple[int, ...]]:
    """Return the sizes of the tensors for which they follow from those of the inputs."""
    from onnx import helper, shape_inference

    graph = model.graph
    # Weights without their values, which may take gigabytes; numbers and lists may be sizes.
    small = [each for each in graph.initializer if len(each.dims) < 2]
    weights = [
        helper.make_tensor_value_info(each.name, each.data_type, each.dims)
        for each in graph.initializer
        if len(each.dims) >= 2
    ]
    inputs = [*graph.input, *weights]
    skeleton = helper.make_graph(graph.node, 'sizes', inputs, graph.output, small)
    bare = helper.make_model(skeleton, opset_imports=model.opset_import)
    inferred = shape_inference.infer_shapes(bare, data_prop=True).graph
    sizes = {}
    for value in (*inferred.input, *inferred.value_info):
        tensor = value.type.tensor_type
        dims = tensor.shape.dim
        if tensor.HasField('shape') and all(dim.HasField('dim_value') for dim in dims):
            sizes[value.name] = tuple(dim.dim_value for dim in dims)
    return sizes


def _fold(model: Any, sizes: dict[str, tuple[int, ...]]) -> None:
    from onnx import numpy_helper

    graph = model.graph
    constants = {each.name for each in graph.initializer}
    kept, folded, values = [], [], []
    for node in graph.node:
        if node.op_type == 'Shape' and not node.attribute and node.input[0] in sizes:
            size = np.asarray(sizes[node.input[0]], np.int64)
            values.append(numpy_helper.from_array(size, node.output[0]))
        elif constants.issuperset(filter(None, node.input)):  # an empty name: not given
            folded.append(node)
        else:
            kept.append(node)
            continue
        constants.update(node.output)
    graph.initializer.extend(values)
    graph.initializer.extend(_evaluate(model, folded, kept))
    _replace(graph.node, kept)


def _evaluate(model: Any, folded: list[Any], kept: list[Any]) -> list[Any]:
    """Return the values of folded operators that those which are kept need."""
    from onnx import helper, numpy_helper, reference

    made = {name for node in folded for name in node.output}
    read = {name for node in folded for name in node.input}
    wanted = sorted(made & {name for node in kept for name in node.input})
    graph = helper.make_graph(
        folded,
        'constants',
        [],
        [helper.make_empty_tensor_value_info(name) for name in wanted],
        [each for each in model.graph.initializer if each.name in read],
    )
    constants = helper.make_model(graph, opset_imports=model.opset_import)
    found = reference.ReferenceEvaluator(constants).run(None, {})
    return [
        numpy_helper.from_array(np.asarray(value), name)
        for name, value in zip(wanted, found, strict=True)
    ]


def _replace(field: Any, kept: Iterable[Any]) -> None:
    """Replace the content of a repeated field."""
    kept = list(kept)
    del field[:]
    field.extend(kept)
