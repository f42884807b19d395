"""A small builder for ONNX graphs: nodes are added one by one and named by their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Opset 20 is the first with LayerNormalization and Gelu; IR 10 goes with it.
OPSET = 20
IR_VERSION = 10
# The operators that onnxruntime adds to the standard's.
CONTRIB = "com.microsoft"


class Graph:
    """Collects nodes and constants. Tensors are strings; every method that makes one returns its name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: NDArray[Any] | np.generic | Sequence[int]) -> str:
        """A tensor stored in the model; lists of int become int64. A name can be taken only once."""
        if name in self._constants:
            raise ValueError(f"The graph already has a constant called {name}; give this one a name of its own.")
        array = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
        self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """One node of the standard with one output. An empty input name leaves an optional input out."""
        return self._node(operator, inputs, [output or self._name(operator)], "", attributes)[0]

    def contrib(self, operator: str, *inputs: str, spare_outputs: int = 0, **attributes: Any) -> str:
        """One node of an operator that onnxruntime brings. `spare_outputs` are named, but nothing reads them."""
        outputs = [self._name(operator, number) for number in range(1 + spare_outputs)]
        return self._node(operator, inputs, outputs, CONTRIB, attributes)[0]

    def split(self, tensor: str, parts: int) -> list[str]:
        """The tensor's last axis in equal parts."""
        outputs = [self._name("Split", part) for part in range(parts)]
        return self._node("Split", [tensor], outputs, "", {"axis": -1, "num_outputs": parts})

    def _name(self, operator: str, output: int = 0) -> str:
        return f"{operator}_{len(self._nodes)}_{output}"

    def _node(
        self, operator: str, inputs: Sequence[str], outputs: list[str], domain: str, attributes: dict[str, Any]
    ) -> list[str]:
        name = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), outputs, name, domain=domain, **attributes))
        return outputs

    def model(self, inputs: Sequence[str], outputs: Sequence[str]) -> onnx.ModelProto:
        """The finished model: int64 inputs (batch, tokens), float32 outputs of any shape."""
        graph = helper.make_graph(
            self._nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            list(self._constants.values()),
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="echora-streams")


def expose(model: onnx.ModelProto, tensors: Sequence[str]) -> onnx.ModelProto:
    """The same model with inner float32 tensors as further outputs. The model given is changed."""
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in tensors)
    return model
