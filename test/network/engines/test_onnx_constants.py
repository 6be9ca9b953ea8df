# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What depends on sizes alone becomes a constant; all else stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from promptda_ros.network.engines.onnx_constants import fold_constants

onnx = pytest.importorskip('onnx')
helper, FLOAT, INT64 = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


def make_model(height: int, width: int):
    """Make a model of (2, height, width) that doubles, transposes and flattens by its own size."""
    nodes = [
        helper.make_node('Mul', ['values', 'weight'], ['doubled']),
        helper.make_node('Transpose', ['doubled'], ['turned'], perm=[0, 2, 1]),
        helper.make_node('Shape', ['turned'], ['size']),
        helper.make_node('Gather', ['size', 'first'], ['frames']),
        helper.make_node('Mod', ['minus_one', 'frames'], ['one']),
        helper.make_node('Sub', ['one', 'frames'], ['rest']),
        helper.make_node('Concat', ['frames', 'rest'], ['flat'], axis=0),
        helper.make_node('Reshape', ['turned', 'flat'], ['rows']),
        helper.make_node('Shape', ['rows'], ['last']),  # known only once the reshaping is
        helper.make_node('Expand', ['bias', 'last'], ['biases']),
        helper.make_node('Add', ['rows', 'biases'], ['out']),
    ]
    constants = {
        'weight': np.full((1, 1, 1), 2, np.float32),
        'bias': np.full((1, 1), 3, np.float32),
        'first': np.array([0]),
        'minus_one': np.array([-1]),
        'unused': np.array([7]),
    }
    return helper.make_model(
        helper.make_graph(
            nodes,
            'sizes',
            [helper.make_tensor_value_info('values', FLOAT, [2, height, width])],
            [helper.make_tensor_value_info('out', FLOAT, [2, height * width])],
            [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid('', 17)],
    )


@given(height=st.integers(1, 5), width=st.integers(1, 5))
def test_the_answer_stays_and_no_arithmetic_of_sizes_is_left(height, width):
    values = np.arange(2 * height * width, dtype=np.float32).reshape(2, height, width)
    expected = values.transpose(0, 2, 1).reshape(2, -1) * 2 + 3
    folded = fold_constants(make_model(height, width))
    onnx.checker.check_model(folded, full_check=True)
    (found,) = onnx.reference.ReferenceEvaluator(folded).run(None, {'values': values})
    np.testing.assert_array_equal(found, expected)
    operators = [node.op_type for node in folded.graph.node]
    assert operators == ['Mul', 'Transpose', 'Reshape', 'Add']
    assert {each.name for each in folded.graph.initializer} == {'weight', 'flat', 'biases'}


def test_sizes_that_nobody_knows_stay_as_they_are():
    model = make_model(2, 3)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = 'any'
    folded = fold_constants(model)
    assert 'Shape' in {node.op_type for node in folded.graph.node}
    values = np.ones((2, 4, 3), np.float32)
    (found,) = onnx.reference.ReferenceEvaluator(folded).run(None, {'values': values})
    np.testing.assert_array_equal(found, np.full((2, 12), 5))
