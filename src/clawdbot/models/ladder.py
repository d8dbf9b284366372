"""The models that steps may go to, in the operator's order, with the reason why one of them cannot serve now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clawdbot.config import Config, ModelConfig
from clawdbot.models.interface import Rung

ASKED_AGAIN_S = 60.0
"""Seconds until a model that could not serve is looked at again."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A model on the ladder.  ``rung`` is None when its settings do not allow to build it; ``unavailable`` says why it
    cannot serve, empty when it can."""

    name: str
    settings: ModelConfig
    rung: Rung | None
    unavailable: str = ""

    @property
    def cloud(self) -> bool:
        """Data that it sees leaves the machine."""
        return self.rung.cloud if self.rung is not None else bool(self.settings.cloud)


class Ladder:
    """Models by name, cheapest first; at least one can serve when it is made.  Thread-safe."""

    def __init__(
        self,
        places: Sequence[Place],
        *,
        aside: Sequence[Place] = (),
        pinned: str = "",
        look: Callable[[str], Place] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``aside`` are models for one purpose, asked only by name; ``pinned`` is the one that the person named.

        ``look`` gives a model's place as it is now, for those that could not serve.
        """
        self._places = {place.name: place for place in places}
        self._aside = {place.name: place for place in aside if place.name not in self._places}
        self.pinned = pinned
        self._look = look
        self._clock = clock
        self._looked = clock()
        self._lock = threading.Lock()

    @classmethod
    def single(cls, rung: Rung) -> Ladder:
        """One model serves every step."""
        settings = ModelConfig(
            provider="langchain", model=rung.model, context=rung.context, price=rung.price, cloud=rung.cloud
        )
        return cls([Place(name=rung.name, settings=settings, rung=rung)])

    @classmethod
    def of(cls, *rungs: Rung) -> Ladder:
        """These rungs, cheapest first."""
        return cls([place for rung in rungs for place in cls.single(rung).places()])

    @property
    def settings(self) -> Mapping[str, ModelConfig]:
        """Settings by name."""
        return {place.name: place.settings for place in self.everyone()}

    def first(self, pinned: str = "") -> Rung | None:
        """The first that can serve now, else the first that could be built; ``pinned`` itself when one is named."""
        places = [self.place(pinned)] if pinned else self.places()
        built = [(place, place.rung) for place in places if place.rung is not None]
        able = [rung for place, rung in built if not place.unavailable]
        return able[0] if able else built[0][1] if built else None

    def place(self, name: str) -> Place:
        """The model of that name; KeyError when there is none."""
        return self._places.get(name) or self._aside[name]

    def rung(self, name: str) -> Rung:
        """The rung of that name; KeyError when there is none or it was not built."""
        rung = self.place(name).rung
        if rung is None:
            raise KeyError(name)
        return rung

    def places(self) -> tuple[Place, ...]:
        """All models as they stand.  Those that could not serve are looked at again when that was long ago; no step
        waits for it, since a server that is off may take long to say nothing."""
        with self._lock:
            due = self._look is not None and self._clock() - self._looked > ASKED_AGAIN_S
            gone = [name for name, place in self._places.items() if place.unavailable] if due else []
            if gone:
                self._looked = self._clock()
            found = tuple(self._places.values())
        if gone and self._look is not None:
            threading.Thread(target=self._look_again, args=(self._look, gone), name="model-look", daemon=True).start()
        return found

    def _look_again(self, look: Callable[[str], Place], names: Sequence[str]) -> None:
        for name in names:
            place = look(name)
            with self._lock:
                self._places[name] = place

    def everyone(self) -> tuple[Place, ...]:
        """The ladder, and the models that stand aside."""
        return (*self._places.values(), *self._aside.values())


def order_of(config: Config) -> tuple[str, ...]:
    """Names on the ladder: ``[router] order``, else all of ``[models]`` but the one that only embeds documents."""
    return config.router.order or tuple(name for name in config.models if name != config.knowledge.embedding)
