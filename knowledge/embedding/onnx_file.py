"""Writing an ONNX model file, as far as one encoder needs it (https://github.com/onnx/onnx/blob/main/docs/IR.md).

The format is a protocol buffer; the ``onnx`` package would write it too, for 27 MB and a second compiler's runtime in
every installation.  ONNX Runtime checks what we write when it loads it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MICROSOFT = "com.microsoft"
"""Operators that ONNX Runtime adds (docs/ContribOperators.md there)."""

_IR_VERSION, _OPSET = 9, 17
_FLOAT = 1
_TYPES = {np.dtype(np.float32): _FLOAT, np.dtype(np.int8): 3, np.dtype(np.int64): 7}
_VARINT, _BYTES, _FIXED32 = 0, 2, 5


class GraphWriter:
    """Collects nodes and constants; :meth:`model` is the finished file."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """Add a tensor (float32, int8 or int64); its name again, to put it among a node's inputs."""
        fields = [_number(1, size) for size in value.shape]
        fields += [_number(2, _TYPES[value.dtype]), _text(8, name), _message(9, np.ascontiguousarray(value).tobytes())]
        self._constants.append(b"".join(fields))
        return name

    def node(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], *, domain: str = "", **attributes: float
    ) -> str:
        """Add a step; the name of its first output.  An empty input is one that is left out."""
        fields = [_text(1, name) for name in inputs] + [_text(2, name) for name in outputs] + [_text(4, operator)]
        fields += [_message(5, _attribute(name, value)) for name, value in attributes.items()]
        self._nodes.append(b"".join([*fields, _text(7, domain)]))
        return outputs[0]

    def model(self, *, source: str, result: str, width: int) -> bytes:
        """The file; ``source`` and ``result`` are float tensors of shape ``(texts, tokens, width)``."""
        graph = [_message(1, node) for node in self._nodes] + [_text(2, "encoder")]
        graph += [_message(5, constant) for constant in self._constants]
        graph += [_message(11, _value(source, width)), _message(12, _value(result, width))]
        opsets = [_text(1, "") + _number(2, _OPSET), _text(1, MICROSOFT) + _number(2, 1)]
        head = [_number(1, _IR_VERSION), _text(2, "clawdbot"), _message(7, b"".join(graph))]
        return b"".join([*head, *(_message(8, opset) for opset in opsets)])


def _attribute(name: str, value: float) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    return _text(1, name) + _varint(2 << 3 | _FIXED32) + struct.pack("<f", value) + _number(20, 1)


def _value(name: str, width: int) -> bytes:
    sizes = (_text(2, "texts"), _text(2, "tokens"), _number(1, width))
    shape = b"".join(_message(1, size) for size in sizes)
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, shape)))


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # a negative one is written as two's complement of 64 bits
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _message(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())
