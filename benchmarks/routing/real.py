"""Real office tasks by the real planner, router and ledger, one policy after the other."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.office_tasks.match import Match, play
from benchmarks.office_tasks.office import Office
from benchmarks.office_tasks.ours import office_config, played
from benchmarks.office_tasks.player import Played
from benchmarks.office_tasks.task import Task
from benchmarks.routing.coin import CoinChat
from benchmarks.routing.play import Outcome
from benchmarks.routing.server import HostedModel
from benchmarks.routing.summary import CHEAP, ORACLE, STRONG, Worth
from clawdbot.app import App
from clawdbot.config import Config, ModelConfig, RouterConfig, RouterRule, StoreConfig, WeightsConfig
from clawdbot.models.chat import SchemaChat
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder, Place
from clawdbot.models.spending.price import Price

SETTINGS = Path(__file__).with_name("routing.toml")
SMALL, STRONG_MODEL = "small", "strong"
OURS, ESCALATE, RANDOM = "ours", "escalate on failure", "random, our share"
POLICIES = (CHEAP, STRONG, ESCALATE, OURS, RANDOM)
"""Those that are played, in this order; random needs the share that ours had."""
CLOUD = frozenset({STRONG_MODEL})
_COIN = "coin"

Build = Callable[[str, ModelConfig], Rung]
"""Builds a model of ``routing.toml``."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What all policies share: the server of the strong model, the way to models, and where ledgers are kept."""

    server: HostedModel
    build: Build
    folder: Path
    database: Path
    limit_s: float
    max_steps: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """One task under one policy, with the words of the judge."""

    outcome: Outcome
    wrong: tuple[str, ...]
    verdict: str
    ledger_usd: str
    """What our own ledger says was spent; the outcome's is the server's count times the price."""

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**vars(self), "outcome": vars(self.outcome)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Result:
        """What :meth:`as_json` wrote."""
        outcome = {**body["outcome"], "calls": Counter(body["outcome"]["calls"])}
        return cls(**{**body, "wrong": tuple(body["wrong"]), "outcome": Outcome(**outcome)})


def settings(server: HostedModel, small_file: Path, folder: Path) -> Config:
    """``routing.toml`` with this machine's addresses, key and files."""
    body = tomllib.loads(SETTINGS.read_text("utf-8"))
    key = folder / "key"
    key.write_text(server.key, "utf-8")
    body["models"][SMALL] |= {"path": str(small_file)}
    body["models"][STRONG_MODEL] |= {"base_url": server.base_url, "api_key_file": str(key)}
    return Config.model_validate(body)


def router_of(policy: str, router: RouterConfig) -> RouterConfig:
    """The policy as an operator would write it."""
    if policy in (CHEAP, STRONG):
        return router.model_copy(update={"order": (SMALL if policy == CHEAP else STRONG_MODEL,)})
    if policy == ESCALATE:
        # Begin with the small model; without a price on failure it keeps the step until its repairs are used up.
        return router.model_copy(
            update={"rule": (RouterRule(name="begin", start=SMALL),), "weights": WeightsConfig(quality=0)}
        )
    return router


def play_task(desk: Desk, policy: str, task: Task, routing: Config, *, share: float = 0.0, seed: int = 1) -> Result:
    """One task; ``share`` is the chance of the strong model where chance decides."""
    player = _Player(desk, policy, routing, share=share, seed=seed)
    before = len(desk.server.billed)
    match = play(player, task, desk.database, limit_s=desk.limit_s, max_steps=desk.max_steps)
    price = routing.models[STRONG_MODEL].price
    assert price is not None, "routing.toml gives the strong model a price"
    tariff = Price(input_usd=price.input_usd, output_usd=price.output_usd, cached_input_usd=price.cached_input_usd)
    bills = desk.server.billed[before:]
    usd = sum(
        (tariff.of(prompt_tokens=b.prompt, completion_tokens=b.completion, cached_tokens=b.cached) for b in bills),
        Decimal(0),
    )
    return _result(match, player, float(usd), strong_calls=len(bills))


def play_oracle(single: Sequence[Sequence[Outcome]], worth: Worth) -> list[Outcome]:
    """For each task the better end of the two single-model runs: a right one, else the one that cost less."""
    return [min(ends, key=worth.loss) for ends in zip(*single, strict=True)]


def strong_share(outcomes: Sequence[Outcome]) -> float:
    """Of all calls, the share that the strong model got."""
    calls = sum((o.calls for o in outcomes), Counter[str]())
    return calls[STRONG_MODEL] / max(1, calls.total())


def with_oracle(played: Mapping[str, Sequence[Outcome]], worth: Worth) -> dict[str, Sequence[Outcome]]:
    """The outcomes with the oracle's, which knows how the single models end."""
    return {**played, ORACLE: play_oracle([played[CHEAP], played[STRONG]], worth)}


class _Player:
    """Clawdbot under one policy, for one task.  Its ledger outlives the task, so that the policy learns."""

    def __init__(self, desk: Desk, policy: str, routing: Config, *, share: float, seed: int) -> None:
        self.name = policy
        self.local_calls = self.steps = self.local_steps = self.wrong = 0
        self.ledger_usd = Decimal(0)
        self._desk = desk
        self._routing = routing
        self._share = share
        self._seed = seed

    def play(self, task: Task, office: Office) -> Played:
        """One run; the verdict is its claim."""
        config = self._config(office)
        ladder, coin = self._ladder(config)
        with App(config, ladder=ladder) as app:
            result = app.engine.start(task.goal, user="benchmark")
            self._count(app, result.run_id, coin)
        return played(result)

    def _config(self, office: Office) -> Config:
        ledger = self._desk.folder / f"{self.name.replace(' ', '-').replace(',', '')}.db"
        return office_config(office).model_copy(
            update={
                "models": self._routing.models,
                "router": router_of(self.name, self._routing.router),
                "store": StoreConfig(url=f"sqlite:///{ledger}"),
            }
        )

    def _ladder(self, config: Config) -> tuple[Ladder, CoinChat | None]:
        rungs = {name: self._desk.build(name, config.models[name]) for name in config.router.order}
        if self.name != RANDOM:
            places = [Place(name=name, settings=config.models[name], rung=rung) for name, rung in rungs.items()]
            return Ladder(places), None
        small, strong = rungs[SMALL].chat, rungs[STRONG_MODEL].chat
        assert isinstance(small, SchemaChat) and isinstance(strong, SchemaChat), "all providers build one"
        coin = CoinChat(
            model_name=_COIN, small=small, strong=strong, share=self._share, seed=self._seed, context=small.context
        )
        named = config.models[STRONG_MODEL]
        rung = Rung(
            name=_COIN, provider=named.provider, model=_COIN, chat=coin, context=named.context, cloud=True,
            price=named.price,
        )  # fmt: skip
        return Ladder([Place(name=_COIN, settings=named, rung=rung)]), coin

    def _count(self, app: App, run_id: str, coin: CoinChat | None) -> None:
        served: dict[int, str] = {}
        for row in app.ledger.attempts.of_run(run_id):
            call = row.record["call"]
            self.ledger_usd += Decimal(row.record["spent_usd"])
            self.wrong += any(not check["ok"] for check in row.record["validations"])
            if call and call["served_from"] == "model":
                served[row.step] = call["model"]
                self.local_calls += call["model"] == SMALL
        self.steps, self.local_steps = len(served), sum(name == SMALL for name in served.values())
        if coin is not None:
            # The ledger sees one model there; calls stand for steps.
            self.local_calls = self.local_steps = coin.small_calls


def _result(match: Match, player: _Player, usd: float, *, strong_calls: int) -> Result:
    calls = Counter({SMALL: player.local_calls, STRONG_MODEL: strong_calls})
    outcome = Outcome(
        task=match.task,
        seed=0,
        right=match.right,
        stopped=not match.claimed,
        usd=usd,
        seconds=match.seconds,
        steps=calls.total() if player.name == RANDOM else player.steps,
        local_steps=player.local_steps,
        calls=calls,
        wrong=player.wrong,
        noticed=player.wrong,
    )
    return Result(outcome=outcome, wrong=match.wrong, verdict=match.verdict, ledger_usd=str(player.ledger_usd))
