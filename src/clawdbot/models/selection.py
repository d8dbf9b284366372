"""Which models there are for a run: the ladder of the configuration, the one that was named, or one that is here."""

from __future__ import annotations

from difflib import get_close_matches

from clawdbot.config import Config, ModelConfig
from clawdbot.errors import ModelError, ModelUnavailable, UsageError
from clawdbot.models.catalog import CATALOG, DEFAULT_MODEL, model_file
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder, Place, order_of
from clawdbot.models.ollama_server import OllamaServer, cloud_tag
from clawdbot.models.providers import build

_FORMS = "Use a name from [models], a catalogue name, ollama:TAG or llamacpp:FILE."


def open_ladder(config: Config, *, name: str | None = None) -> Ladder:
    """The models of a run's steps: ``name`` alone (``--model``), else those of ``[router] order`` (empty: all of
    ``[models]``) with the reasons of those that cannot serve, else the one that :func:`select` finds.

    Raises UsageError when there is none, ModelUnavailable when the one that was named is not available.
    """
    aside = [_placed(config, config.knowledge.reranker)] if config.knowledge.reranker in config.models else []
    if name:
        rung = select(config, name=name)
        place = Place(name=rung.name, settings=named(config, name), rung=rung)
        return Ladder([place], aside=aside, pinned=rung.name)
    places = [_placed(config, candidate) for candidate in order_of(config)]
    if any(not place.unavailable for place in places):
        return Ladder(places, aside=aside, look=lambda candidate: _placed(config, candidate))
    rung = select(config)
    return Ladder([Place(name=rung.name, settings=named(config, rung.name), rung=rung)], aside=aside)


def only(config: Config, name: str) -> Ladder:
    """A ladder of the model ``name`` of [models] alone, also when it cannot serve now."""
    return Ladder([_placed(config, name)], pinned=name)


def _placed(config: Config, name: str) -> Place:
    """The model as it is now: built where its settings allow, with the reason why it cannot serve."""
    settings = named(config, name)
    missing = lacks(config, name)
    try:
        rung = build(name, settings, home=config.app.home)
    except UsageError as error:
        return Place(name=name, settings=settings, rung=None, unavailable=str(missing or error))
    return Place(name=name, settings=settings, rung=rung, unavailable=str(missing or ""))


def select(config: Config, *, name: str | None = None) -> Rung:
    """The model of a run: ``name`` (``--model``), else the first of ``[router] order`` that is available, else a
    local chat model of a running Ollama, else the embedded one.

    Raises UsageError when there is none, ModelUnavailable when the one that was named is not available.
    """
    home = config.app.home
    if name:
        rung = build(name, named(config, name), home=home)
        missing = lacks(config, name)
        if missing is not None:
            raise missing
        return rung
    reasons = []
    for candidate in order_of(config):
        missing = lacks(config, candidate)
        if missing is None:
            return build(candidate, named(config, candidate), home=home)
        reasons.append(f"{candidate}: {missing}")
    if tag := local_ollama_model():
        return build(f"ollama:{tag}", ModelConfig(provider="ollama", model=tag), home=home)
    if model_file(home, DEFAULT_MODEL).is_file():
        return build(DEFAULT_MODEL, named(config, DEFAULT_MODEL), home=home)
    raise UsageError(
        "No model is available. " + " ".join(reasons),
        hint="Get the embedded one with: clawdbot models pull (or start Ollama: ollama serve).",
    )


def named(config: Config, name: str) -> ModelConfig:
    """The settings that ``name`` means.  Raises UsageError with the nearest name."""
    if name in config.models:
        return config.models[name]
    provider, _, rest = name.partition(":")
    if provider == "ollama" and rest:
        return ModelConfig(provider="ollama", model=rest)
    if provider == "llamacpp" and rest:
        if rest in CATALOG:
            return ModelConfig(provider="llamacpp", model=rest)
        return ModelConfig.model_validate({"provider": "llamacpp", "path": rest})
    if name in CATALOG:
        return ModelConfig(provider="llamacpp", model=name)
    near = get_close_matches(name, [*config.models, *CATALOG], n=1)
    raise UsageError(f"There is no model {name!r}.", hint=f"Did you mean {near[0]!r}?" if near else _FORMS)


def lacks(config: Config, name: str) -> ModelUnavailable | UsageError | None:
    """Why ``name`` cannot serve a run now, None when it can; asks a local server but never a cloud."""
    settings = named(config, name)
    try:
        rung = build(name, settings, home=config.app.home)
        if settings.provider == "llamacpp":
            return _lacks_file(config, settings)
        if settings.provider == "ollama":
            return _lacks_tag(settings, rung.model)
    except (ModelUnavailable, UsageError) as error:
        return error
    return None


def local_ollama_model() -> str | None:
    """A chat model that a running Ollama has on this machine, the latest first; None when there is none."""
    server = OllamaServer()
    if not server.answers():
        return None
    try:
        for entry in server.models():
            tag = str(entry.get("name", ""))
            if tag and not cloud_tag(tag) and server.can_chat(tag):
                return tag
    except ModelError:
        return None
    return None


def _lacks_file(config: Config, settings: ModelConfig) -> ModelUnavailable | None:
    model = settings.model or DEFAULT_MODEL
    path = settings.path or model_file(config.app.home, model)
    if path.is_file():
        return None
    hint = f"Get it with: clawdbot models pull {model}" if settings.path is None else "Check path in [models]."
    return ModelUnavailable(f"There is no model file {str(path)!r}.", hint=hint)


def _lacks_tag(settings: ModelConfig, tag: str) -> ModelUnavailable | None:
    if OllamaServer(settings.base_url).has(tag):
        return None
    return ModelUnavailable(f"Ollama has no model {tag!r}.", hint=f"Get it with: ollama pull {tag}")
