"""The encoder of multilingual-e5-small as an ONNX graph with eight-bit arithmetic.

Weights get one scale for each output, activations one for each text at the moment they are computed (dynamic
quantisation).  Weights keep seven bits of the eight: processors without VNNI add two products in sixteen bits, and
with eight these would overflow, so that an index made on one machine would not fit questions asked on another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clawdbot.knowledge.embedding.embedder import Vectors
from clawdbot.knowledge.embedding.onnx_file import MICROSOFT, GraphWriter
from clawdbot.knowledge.embedding.packed import HEADS, LAYERS, WIDTH, PackedModel

REVISION = 1
"""Goes up when the vectors change; stored vectors of another revision are made anew."""
SOURCE, RESULT = "words", "hidden"
"""The graph's input (word and position embeddings) and output (hidden states), shape ``(1, tokens, WIDTH)``."""

_INNER = 1536
_MOST = 63  # seven bits with the sign
_EPSILON = 1e-12
_SPIKES = (
    (318, 5.0),
    (1462, 3.3),
    (354, 2.8),
    (408, 1.6),
    (778, 15.1),
    (658, 8.4),
    (1152, 2.8),
    (413, 2.7),
    (563, 1.4),
)
"""For each layer the inner unit whose activations tower over all others, and by how much.

One scale has to hold them all, so the tower would leave the others two or three bits.  It is divided before and its
weights multiplied after: half of the quantisation error goes away (SmoothQuant, arXiv:2211.10438, for one unit)."""


def convert(packed: PackedModel) -> bytes:
    """The encoder as an ONNX model of 22 MB; 0.5 s.  Equal weights give equal bytes."""
    graph = GraphWriter()
    hidden = _normalised(graph, packed, SOURCE, "emb.ln", "embedded")
    for layer in range(LAYERS):
        attended = _attention(graph, packed, hidden, f"l{layer}")
        inner = _feed_forward(graph, packed, attended, layer)
        hidden = _normalised(graph, packed, inner, f"l{layer}.oln", RESULT if layer == LAYERS - 1 else f"l{layer}.out")
    return graph.model(source=SOURCE, result=RESULT, width=WIDTH)


def _attention(graph: GraphWriter, packed: PackedModel, hidden: str, layer: str) -> str:
    weights = np.concatenate([packed.matrix(f"{layer}.{part}.w", WIDTH) for part in "qkv"])
    bias = np.concatenate([packed.vector(f"{layer}.{part}.b") for part in "qkv"])
    joined = _linear(graph, hidden, weights, bias, f"{layer}.qkv")
    sizes = graph.constant(f"{layer}.sizes", np.array([WIDTH] * 3, np.int64))
    parts = [f"{layer}.{part}" for part in "qkv"]
    graph.node("Split", [joined, sizes], parts, axis=-1)
    context = graph.node("MultiHeadAttention", parts, [f"{layer}.context"], domain=MICROSOFT, num_heads=HEADS)
    weights, bias = packed.matrix(f"{layer}.ao.w", WIDTH), packed.vector(f"{layer}.ao.b")
    added = graph.node("Add", [hidden, _linear(graph, context, weights, bias, f"{layer}.ao")], [f"{layer}.sum"])
    return _normalised(graph, packed, added, f"{layer}.aln", f"{layer}.attended")


def _feed_forward(graph: GraphWriter, packed: PackedModel, attended: str, number: int) -> str:
    layer = f"l{number}"
    weights, bias = packed.matrix(f"{layer}.fi.w", _INNER), packed.vector(f"{layer}.fi.b")
    inner = _linear(graph, attended, weights, bias, f"{layer}.fi")
    inner = graph.node("Gelu", [inner], [f"{layer}.gelu"], domain=MICROSOFT)
    weights, bias = packed.matrix(f"{layer}.fo.w", WIDTH), packed.vector(f"{layer}.fo.b")
    if number < len(_SPIKES):
        unit, height = _SPIKES[number]
        lower = np.ones(_INNER, np.float32)
        lower[unit] /= height
        weights[:, unit] *= height
        inner = graph.node("Mul", [inner, graph.constant(f"{layer}.lower", lower)], [f"{layer}.lowered"])
    return graph.node("Add", [attended, _linear(graph, inner, weights, bias, f"{layer}.fo")], [f"{layer}.whole"])


def _linear(graph: GraphWriter, source: str, weights: Vectors, bias: Vectors, name: str) -> str:
    """``source @ weights.T + bias`` with eight-bit arithmetic; ``weights`` is (outputs, inputs)."""
    scales = np.abs(weights).max(axis=1) / _MOST
    whole = np.rint(weights / scales[:, None]).astype(np.int8).T
    inputs: Sequence[str] = (
        source,
        graph.constant(f"{name}.weights", whole),
        graph.constant(f"{name}.scales", scales),
        "",  # zero points: the weights lie around zero
        graph.constant(f"{name}.bias", bias),
    )
    return graph.node("DynamicQuantizeMatMul", inputs, [name], domain=MICROSOFT)


def _normalised(graph: GraphWriter, packed: PackedModel, source: str, name: str, result: str) -> str:
    """Not fused with the sum before it: SkipLayerNormalization on a CPU is three times slower than the two."""
    parts = [graph.constant(f"{name}.{part}", packed.vector(f"{name}.{part}")) for part in "wb"]
    return graph.node("LayerNormalization", [source, *parts], [result], epsilon=_EPSILON)
