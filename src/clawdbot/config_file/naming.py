"""Names in one section that must stand in another: models and groups in the router's order and rules."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process

from clawdbot.config import Config, RouterRule, WrongValue

_NEAR = 55


def check_names(config: Config) -> None:
    """Raises WrongValue that names the nearest known name.

    Without [models] the names are those of the catalogue and of Ollama, which are looked up when they are used.
    """
    order, rules = config.router.order, config.router.rule
    for name in order:
        if order.count(name) > 1:
            raise WrongValue(f"router.order names {name!r} twice", hint="Leave one of them.")
        if config.models and name not in config.models:
            raise WrongValue(f"router.order names {name!r}, which is not in [models]", hint=_near(name, config.models))
    names = [rule.name for rule in rules if rule.name]
    for number, rule in enumerate(rules, 1):
        _check_rule(rule, f"the [[router.rule]] {rule.name or number!r}", config)
        if names.count(rule.name) > 1:
            raise WrongValue(f"two [[router.rule]] have the name {rule.name!r}", hint="Give one another name.")


def _check_rule(rule: RouterRule, which: str, config: Config) -> None:
    start = (rule.start,) if rule.start else ()
    for key, names in (("allow", rule.allow), ("deny", rule.deny), ("start", start)):
        for name in names:
            if config.models and name not in config.models:
                hint = _near(name, config.models)
                raise WrongValue(f"{which} names {name!r} in {key}, which is not in [models]", hint=hint)
            if key != "deny" and config.router.order and name not in config.router.order:
                hint = f"Add {name!r} to [router] order."
                raise WrongValue(f"{which} names {name!r} in {key}, to which no step may go", hint=hint)
    for user in rule.when.user:
        group = user.removeprefix("group:")
        if user.startswith("group:") and group not in config.groups:
            hint = _near(group, config.groups)
            raise WrongValue(f"{which} names the group {group!r}, which is not in [groups]", hint=hint)


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    found = process.extractOne(name, names, score_cutoff=_NEAR)
    if found:
        return f"Did you mean {found[0]!r}?"
    return f"Known there: {', '.join(names)}." if names else "There are none yet."
