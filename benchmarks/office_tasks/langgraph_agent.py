"""LangGraph's prebuilt ReAct agent on the same model, through llama.cpp's OpenAI-compatible server."""

from __future__ import annotations

import time
import warnings
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphRecursionError
from langgraph.prebuilt import create_react_agent
from pydantic import SecretStr

from benchmarks.office_tasks.desk import Desk, instructions
from benchmarks.office_tasks.judge import claims_done
from benchmarks.office_tasks.office import Office
from benchmarks.office_tasks.player import Played
from benchmarks.office_tasks.task import Task
from clawdbot.models.llamacpp import Engine

MAX_TOKENS = 512
FINAL = "final_answer"


def final_answer(answer: str) -> str:
    """Give the answer and end; call it when the task is done.

    Args:
        answer: the answer, in the language of the task
    """
    return answer


class LangGraphAgent:
    """``create_react_agent`` as its documentation shows it.

    ``forced`` asks the server for a tool call every time (``tool_choice="any"``, and a tool that ends the run), which
    helps a model that writes its calls as prose.
    """

    def __init__(self, engine: Engine, *, forced: bool) -> None:
        self.name = "langgraph-forced" if forced else "langgraph"
        self._engine = engine
        self._forced = forced

    def play(self, task: Task, office: Office) -> Played:
        """One conversation; a final text is a claim unless it admits that something failed."""
        desk = Desk(task, office)
        messages, stopped = self._talk(self._agent(desk, office), task, office)
        last = messages[-1] if messages else None
        ended = isinstance(last, AIMessage) or (isinstance(last, ToolMessage) and last.name == FINAL)
        answer = last.text if last is not None and ended else ""
        usage = [m.usage_metadata for m in messages if isinstance(m, AIMessage) and m.usage_metadata]
        return Played(
            answer=answer,
            claimed=not stopped and claims_done(answer),
            verdict=stopped or "answered",
            files=desk.files(),
            prompt_tokens=sum(u["input_tokens"] for u in usage),
            completion_tokens=sum(u["output_tokens"] for u in usage),
            calls=tuple(desk.calls),
        )

    def _agent(self, desk: Desk, office: Office) -> Any:
        chat = ChatOpenAI(
            model="local",
            base_url=f"{self._engine.address}/v1",
            api_key=SecretStr(self._engine.key),
            temperature=0.0,
            max_completion_tokens=MAX_TOKENS,
            timeout=office.limit_s,
            max_retries=0,
        )
        tools = [StructuredTool.from_function(function, parse_docstring=True) for function in desk.tools()]
        model: Any = chat
        if self._forced:
            tools.append(StructuredTool.from_function(final_answer, parse_docstring=True, return_direct=True))
            model = chat.bind_tools(tools, tool_choice="any")
        with warnings.catch_warnings():
            # It is deprecated in favour of a copy in the distribution `langchain`; it is the one people use.
            warnings.simplefilter("ignore")
            return create_react_agent(model, tools, prompt=instructions())

    def _talk(self, agent: Any, task: Task, office: Office) -> tuple[list[BaseMessage], str]:
        """The conversation as far as it came, and why it was stopped."""
        until = time.monotonic() + office.limit_s
        settings = RunnableConfig(recursion_limit=2 * office.max_steps + 1)
        messages: list[BaseMessage] = []
        try:
            for state in agent.stream({"messages": [("user", task.goal)]}, settings, stream_mode="values"):
                messages = state["messages"]
                if time.monotonic() > until:
                    return messages, "time limit"
        except GraphRecursionError:
            return messages, "step limit"
        except Exception as error:  # what the server or the agent could not digest ends the run, with its files
            return messages, f"{type(error).__name__}: {error}"[:200]
        cut = bool(messages) and messages[-1].response_metadata.get("finish_reason") == "length"
        return messages, "answer cut off" if cut else ""
