"""pydantic-ai's agent on the same model, through llama.cpp's OpenAI-compatible server."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.office_tasks.desk import Desk, instructions
from benchmarks.office_tasks.judge import claims_done
from benchmarks.office_tasks.langgraph_agent import FINAL, MAX_TOKENS
from benchmarks.office_tasks.office import Office
from benchmarks.office_tasks.player import Played
from benchmarks.office_tasks.task import Task
from clawdbot.errors import UsageError
from clawdbot.models.llamacpp import Engine

_ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = _ROOT / "benchmarks" / "requirements.txt"
PACKAGES = _ROOT / ".cache" / "benchmarks" / "packages"


class PydanticAgent:
    """``pydantic_ai.Agent`` with a tool for the final answer, so that every answer of the model is a tool call."""

    name = "pydantic-ai"

    def __init__(self, engine: Engine) -> None:
        ensure_installed()
        # Not a dependency of anything else here: installed aside on first use, so there is nothing to import above.
        self._ai = importlib.import_module("pydantic_ai")
        self._openai = importlib.import_module("pydantic_ai.models.openai")
        self._provider = importlib.import_module("pydantic_ai.providers.openai")
        self._engine = engine

    def play(self, task: Task, office: Office) -> Played:
        """One run; its output is a claim unless it admits that something failed."""
        desk = Desk(task, office)
        usage = self._ai.RunUsage()
        limits = self._ai.UsageLimits(request_limit=office.max_steps)
        answer, stopped = "", ""
        try:
            agent = self._agent(desk)
            answer = agent.run_sync(task.goal, usage=usage, usage_limits=limits, timeout=office.limit_s).output
        except Exception as error:  # limits and answers that it cannot digest both come as exceptions
            stopped = f"{type(error).__name__}: {error}"[:200]
        return Played(
            answer=answer,
            claimed=not stopped and claims_done(answer),
            verdict=stopped or "answered",
            files=desk.files(),
            prompt_tokens=usage.input_tokens,
            completion_tokens=usage.output_tokens,
            calls=tuple(desk.calls),
        )

    def _agent(self, desk: Desk) -> Any:
        provider = self._provider.OpenAIProvider(base_url=f"{self._engine.address}/v1", api_key=self._engine.key)
        return self._ai.Agent(
            self._openai.OpenAIChatModel("local", provider=provider),
            instructions=instructions(),
            tools=list(desk.tools()),
            output_type=self._ai.ToolOutput(str, name=FINAL, description="Give the answer and end."),
            model_settings={"temperature": 0.0, "max_tokens": MAX_TOKENS, "parallel_tool_calls": False},
            retries=3,
        )


def ensure_installed() -> None:
    """Install ``benchmarks/requirements.txt`` aside, so that the checked environment stays as it is locked."""
    stamp = PACKAGES / REQUIREMENTS.name
    wanted = REQUIREMENTS.read_text("utf-8")
    if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        command += ["--target", str(PACKAGES), "-r", str(REQUIREMENTS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UsageError(
                f"pydantic-ai could not be installed: {done.stderr.strip()[-300:]}",
                hint="Check the package index, or leave it out: --only ours,langgraph,langgraph-forced",
            )
        stamp.write_text(wanted, "utf-8")
    if str(PACKAGES) not in sys.path:
        sys.path.append(str(PACKAGES))
