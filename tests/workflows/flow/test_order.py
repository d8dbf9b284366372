"""The order of steps, for any needs: each step once, after what it needs; also when the run is cut off and taken up."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.workflows.flow.calls import Performed, StepCall, StepFailed
from clawdbot.workflows.flow.runner import WorkflowRuns
from tests.office import Office
from tests.workflows.flow.conftest import MakeFlow, accepted, states


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Needs by step, without circles; the order in the file is any."""
    count = draw(st.integers(1, 7))
    names = [f"s{number}" for number in range(count)]
    graph = {name: draw(st.lists(st.sampled_from(names[:n]), unique=True)) if n else [] for n, name in enumerate(names)}
    return {name: graph[name] for name in draw(st.permutations(names))}


def written(graph: Mapping[str, list[str]]) -> str:
    steps = [f'[[step]]\nid = "{name}"\ntool = "note"\nneeds = {json.dumps(needs)}\nargs = {{ text = "{name}" }}'
             for name, needs in graph.items()]  # fmt: skip
    return 'name = "graph"\n' + "\n".join(steps)


class CutOff(Exception):
    """Stands for whatever ends a process."""


class Player:
    """Does steps by writing down their names; ``cut`` is the step at which the run is cut off, once."""

    def __init__(self, *, failing: frozenset[str] = frozenset(), cut: str = "") -> None:
        self.done: list[str] = []
        self._failing = failing
        self._cut = cut

    def __call__(self, call: StepCall) -> Performed:
        if call.step.id == self._cut:
            self._cut = ""
            raise CutOff
        if call.step.id in self._failing:
            raise StepFailed("It fails.", again=False)
        self.done.append(call.step.id)
        return Performed(text=call.step.id)


def play(at: Office, run_id: str, player: Player) -> None:
    at.app.engine.serve("workflow", WorkflowRuns(at.app.planner, {"tool": player}).run)
    at.app.engine.resume(run_id)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), data=st.data())
def test_each_step_once_after_its_needs(flow: MakeFlow, graph: dict[str, list[str]], data: st.DataObject) -> None:
    at = flow()
    try:
        cut = data.draw(st.sampled_from(["", *graph]))
        run_id, player = accepted(at, written(graph)), Player(cut=cut)
        if cut:
            with pytest.raises(CutOff):
                play(at, run_id, player)
        play(at, run_id, player)
        assert sorted(player.done) == sorted(graph)
        for name, needs in graph.items():
            assert all(player.done.index(need) < player.done.index(name) for need in needs)
    finally:
        at.app.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=graphs(), data=st.data())
def test_what_comes_after_a_failure_is_skipped_and_nothing_else(
    flow: MakeFlow, graph: dict[str, list[str]], data: st.DataObject
) -> None:
    at = flow()
    try:
        failing = data.draw(st.frozensets(st.sampled_from(sorted(graph))))
        run_id, player = accepted(at, written(graph)), Player(failing=failing)
        play(at, run_id, player)
        after = set(failing)
        while more := {name for name, needs in graph.items() if after & set(needs)} - after:
            after |= more
        assert set(player.done) == set(graph) - after
        expected = {name: "done" if name not in after else "skipped" for name in graph}
        found = states(at, run_id)
        assert {n: "skipped" if s == "failed" and n in after else s for n, s in found.items()} == expected
        verdict = at.app.ledger.get_run(run_id).verdict
        assert verdict == ("verified" if not after else "partial" if player.done else "failed")
    finally:
        at.app.close()
