"""How near any sentence is to a question: the level above which nearness in meaning says something.

Cosines of one embedding model lie in a narrow band whose height depends on the model, the question and the two
languages.  Compared with sentences that have nothing to do with any question, they can be read across languages.
"""

from __future__ import annotations

from clawdbot.knowledge.embedding.embedder import Embedder, Vectors
from clawdbot.text.language import Language

_UNRELATED: dict[Language, tuple[str, ...]] = {
    "en": (
        "The meeting room on the second floor has a projector.",
        "Please water the plants in the lobby every Tuesday.",
        "The library opens at nine and closes at six.",
        "Our new office is close to the main station.",
        "The coffee machine must be descaled once a month.",
        "The summer party takes place in the garden.",
        "Printer paper is kept in the cabinet by the window.",
        "The parking garage has three levels.",
        "The bus to the airport leaves every twenty minutes.",
        "Lost property is kept at the reception desk.",
    ),
    "zh": (
        "二楼的会议室有投影仪。",
        "请每周二给大厅里的植物浇水。",
        "图书馆九点开门，六点关门。",
        "我们的新办公室离火车站很近。",
        "咖啡机每个月要除垢一次。",
        "夏季聚会在花园里举行。",
        "打印纸放在窗边的柜子里。",
        "停车场共有三层。",
        "去机场的大巴每二十分钟一班。",
        "失物在前台保管。",
    ),
}


def levels(embedder: Embedder, query: Vectors) -> dict[Language, float]:
    """The mean cosine of a question's vector with unrelated sentences, by their language; EmbeddingError."""
    return {language: float((_vectors(embedder, language) @ query).mean()) for language in _UNRELATED}


_known: dict[tuple[str, Language], Vectors] = {}
"""By collection and language: the same model gives the same vectors."""


def _vectors(embedder: Embedder, language: Language) -> Vectors:
    key = (embedder.collection, language)
    if key not in _known:
        _known[key] = embedder.passages(_UNRELATED[language])
    return _known[key]
