"""The same ten tool calls by LangGraph's prebuilt agent, checkpointed the same way; prints JSON."""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.prebuilt import create_react_agent

from benchmarks.marks import GOAL, NAMES, intervals_ms, mark, peak_mib


class InstantModel(BaseChatModel):
    """Calls the ten tools in order, then ends."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **options: Any) -> Any:
        """It knows its tools by heart."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        done = sum(isinstance(m, ToolMessage) for m in messages)
        if done == len(NAMES):
            message = AIMessage(content="All is noted.")
        else:
            call = {"name": f"note_{NAMES[done]}", "args": {"text": NAMES[done]}, "id": f"call-{done}"}
            message = AIMessage(content=f"note {NAMES[done]}", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=message)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the ten calls ``--runs`` times, the first of which only warms up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    chosen = parser.parse_args(arguments)
    steps: list[float] = []
    whole: list[float] = []
    with tempfile.TemporaryDirectory(prefix="overhead-") as name, closing(_connect(Path(name))) as connection:
        agent = _agent(SqliteSaver(connection))
        for number in range(chosen.runs + 1):
            settings = RunnableConfig(configurable={"thread_id": str(number)}, recursion_limit=50)
            began = time.perf_counter()
            agent.invoke({"messages": [("user", GOAL)]}, settings, durability="sync")
            took = (time.perf_counter() - began) * 1000
            found = intervals_ms()
            if len(found) != len(NAMES) - 1:
                raise SystemExit(f"{len(found) + 1} calls instead of {len(NAMES)}")
            if number:
                steps += found
                whole.append(took)
    print(json.dumps({"steps_ms": steps, "runs_ms": whole, "peak_mib": peak_mib()}))
    return 0


def _connect(folder: Path) -> sqlite3.Connection:
    """As the run engine opens its checkpoints."""
    connection = sqlite3.connect(folder / "checkpoints.db", check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _agent(checkpointer: SqliteSaver) -> Any:
    tools = [StructuredTool.from_function(mark, name=f"note_{name}", description=f"Note {name}.") for name in NAMES]
    with warnings.catch_warnings():
        # It is deprecated in favour of a copy in the distribution `langchain`; it is the one people use.
        warnings.simplefilter("ignore")
        return create_react_agent(InstantModel(), tools, checkpointer=checkpointer)


if __name__ == "__main__":
    raise SystemExit(main())
