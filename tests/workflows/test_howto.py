"""The first workflow of docs/howto/workflows.md, as a newcomer runs it on the sample company."""

from __future__ import annotations

import re
from pathlib import Path

from clawdbot.app import App
from clawdbot.demo.environment import prepare
from clawdbot.knowledge.embedding.fake import HashEmbedder
from clawdbot.models.fake import ScriptedChatModel
from clawdbot.models.interface import Rung
from clawdbot.models.ladder import Ladder
from clawdbot.workflows.definition_checks import require
from clawdbot.workflows.definition_file import parse
from clawdbot.workflows.starting import new_run


def test_the_worked_example_runs(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "howto" / "workflows.md").read_text("utf-8")
    example = re.search(r"```toml\n(name = .*?)```", text, re.DOTALL)
    assert example is not None
    definition = parse(example[1], "workflows.md")
    demo = prepare(tmp_path / "demo", language="en", app_home=tmp_path / "home")
    chat = ScriptedChatModel(script=[])
    rung = Rung(name="scripted", provider="fake", model="scripted", chat=chat, context=16_384, price=None, cloud=False)
    with demo.sink() as sink, App(demo.config, ladder=Ladder.of(rung), embedder=HashEmbedder()) as app:
        require(definition, app.registry, contacts=demo.config.mail.contacts)
        run = new_run(definition, {"before": "2026-06-30"}, config=demo.config, user="me", language="zh")
        result = app.engine.begin(run)
        assert (result.verdict, result.missing) == ("verified", ())
        assert result.goal.startswith("各地区未付发票")
        assert re.fullmatch(r"\d+\.\d+ in \d regions", result.answer)
        assert [Path(made["path"]).suffix for made in result.artifacts] == [".xlsx"]
        assert sink.folder.is_dir()
    assert len(list(demo.mail_folder.rglob("*.eml"))) == 1
