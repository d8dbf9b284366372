"""From the configuration to the embedding model."""

from __future__ import annotations

from clawdbot.config import LABELS, Config, Label, SourceConfig
from clawdbot.errors import ConfigError
from clawdbot.knowledge.embedding.e5 import E5Embedder
from clawdbot.knowledge.embedding.embedder import Embedder
from clawdbot.knowledge.embedding.ollama import OllamaEmbedder
from clawdbot.models.ollama_server import is_cloud

BUILT_IN = "e5-small"


def open_embedder(config: Config) -> Embedder:
    """The model that ``[knowledge] embedding`` names; nothing is loaded or asked yet.

    Raises ConfigError for an unknown name, another provider, and a cloud model that may not see the documents.
    """
    name = config.knowledge.embedding
    if name == BUILT_IN:
        return E5Embedder(config.app.home)
    model = config.models.get(name)
    if model is None:
        raise ConfigError(
            f"[knowledge] embedding names {name!r}, which is not in [models].",
            hint=f"Take {BUILT_IN!r}, which is built in, or add [models.{name}] with an Ollama embedding model.",
        )
    if model.provider != "ollama" or not model.model:
        raise ConfigError(
            f"[models.{name}] cannot embed documents: it needs provider = 'ollama' and a model.",
            hint=f"Take {BUILT_IN!r}, or an embedding model of Ollama such as 'bge-m3'.",
        )
    highest = _highest_label(config)
    if (is_cloud(model) if model.cloud is None else model.cloud) and not _may_leave(config, highest):
        raise ConfigError(
            f"[models.{name}] is a cloud model and would see {highest} documents; "
            f"[router] cloud_max_label is {config.router.cloud_max_label!r}.",
            hint=f"Take {BUILT_IN!r}, which runs here, or raise cloud_max_label.",
        )
    return OllamaEmbedder(model)


def _highest_label(config: Config) -> Label:
    """The most sensitive label that a source, or a rule of one, gives to documents; one added by command has some."""
    found: list[Label] = [SourceConfig().label]
    for source in config.knowledge.sources.values():
        found += [source.label, *(rule.label for rule in source.rules if rule.label is not None)]
    return max(found, key=LABELS.index)


def _may_leave(config: Config, label: Label) -> bool:
    return LABELS.index(label) <= LABELS.index(config.router.cloud_max_label)
