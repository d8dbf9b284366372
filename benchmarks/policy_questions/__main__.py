"""``python -m benchmarks.policy_questions``: ask the forty questions and print what came."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.machine import as_lines, describe
from benchmarks.policy_questions.asking import ask_all, chosen_ladder, demo_config, load_questions, opened
from benchmarks.policy_questions.summary import by_group, languages, line, verdict
from clawdbot.errors import ClawdbotError
from clawdbot.knowledge.evaluation.answering import Judged, totals

_PACKAGES = ("clawdbot", "xllamacpp", "onnxruntime", "tantivy", "chromadb", "langgraph")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every question was asked, 2 when it could not begin."""
    chosen = _arguments(arguments)
    rows: list[Judged] = []
    try:
        questions = load_questions(chosen.only)
        with ExitStack() as stack:
            home = chosen.home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="policy-questions-")))
            config = demo_config(home)
            documents = languages(home / "documents")
            models = chosen_ladder(config, model=chosen.model)
            facts = {**describe(_PACKAGES), "model": models.places()[0].name}
            print(as_lines(facts) + "\n", flush=True)
            app = stack.enter_context(opened(config, models))
            for row in ask_all(app, questions):
                rows.append(row)
                print(line(row), flush=True)
                _write(chosen.json, facts, rows)
    except ClawdbotError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\n{by_group(rows, documents)}\n\n{verdict(totals(rows))}")
    return 0


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.policy_questions", description=__doc__)
    parser.add_argument("--model", default=None, help="as for clawdbot ask; default is what the demo would take")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="ID", help="identifiers of questions; all unless given"
    )
    parser.add_argument(
        "--home", type=Path, default=None, help="folder for the demo and its runs; default is thrown away"
    )
    parser.add_argument("--json", type=Path, default=None, help="write the answers to this file as they come")
    return parser.parse_args(given)


def _write(path: Path | None, facts: dict[str, str], rows: Sequence[Judged]) -> None:
    if path is not None:
        body = {"machine": facts, **asdict(totals(rows)), "answers": [row.as_json() for row in rows]}
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1, default=str), "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
