"""``clawdbot knowledge``: what a person types and sees."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from clawdbot.cli.__main__ import main
from clawdbot.cli.session import os_user
from tests.cli.conftest import Desk

_CONFIG = """
[app]
home = "home"
timezone = "UTC"
[knowledge]
index = "exact"
[groups]
hr = ["anna"]
"""

CREDIT = "# Credit policy\n\nNew customers have a credit limit of 80,000 EUR.\n"
CREDIT_ZH = "# 信用政策\n\n新客户的信用额度为 80,000 元。\n"
PAY = "# Pay\n\nThe pay of a manager is 20,000 EUR a month.\n"


@pytest.fixture
def kb(desk: Desk) -> Desk:
    """Policies in two languages and a confidential one."""
    desk.config.write_text(_CONFIG)
    for name, text in (("credit.md", CREDIT), ("zh/信用.md", CREDIT_ZH)):
        path = desk.folder / "policies" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (desk.folder / "hr").mkdir()
    (desk.folder / "hr" / "pay.md").write_text(PAY)
    return desk


def found(kb: Desk, *arguments: str) -> list[dict[str, Any]]:
    code, passages = kb.json("knowledge", "search", *arguments)
    assert code == 0 and isinstance(passages, list)
    return passages


def test_add_then_search(kb: Desk) -> None:
    code, out, err = kb.call("knowledge", "add", "policies", "--owner", "Finance")
    assert (code, out.splitlines()[0][:16]) == (0, "policies: 2 new "), err
    assert "✓ policies: credit.md" in err
    first, *_ = found(kb, "credit limit of new customers", "--top", "1")
    assert {"document", "locator", "chunk", "score", "text"} <= first.keys()
    assert first["document"] == "credit.md" and "80,000" in first["text"] and isinstance(first["chunk"], int)
    assert found(kb, "新客户的信用额度是多少？")[0]["document"] == "zh/信用.md"


def test_what_a_person_sees(kb: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kb.call("knowledge", "add", "policies")
    for width in ("80", "40"):
        monkeypatch.setenv("COLUMNS", width)
        for question in ("credit limit", "信用额度"):
            code, out, _ = kb.call("knowledge", "search", question)
            assert code == 0 and out.startswith("1. ") and "80,000" in out
        out = kb.call("knowledge", "status")[1] + out
        assert "policies" in out and "2 documents" in out
        assert all(cell_len(line) <= int(width) for line in out.splitlines())


def test_adding_again_checks_again(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies")
    (kb.folder / "policies" / "credit.md").write_text(CREDIT.replace("80,000", "90,000"))
    (kb.folder / "policies" / "zh" / "信用.md").unlink()
    code, out, err = kb.call("knowledge", "add", str(kb.folder / "policies"))
    assert code == 0 and "in the source 'policies' already" in err
    assert "1 changed, 1 removed" in out
    assert "90,000" in found(kb, "credit limit")[0]["text"]
    assert not [each for each in found(kb, "信用额度") if "信用" in each["document"]]
    assert len(kb.json("knowledge", "status")[1]["sources"]) == 1


def test_settings_of_a_source_can_be_changed(kb: Desk) -> None:
    kb.call("knowledge", "add", "hr", "--access", "group:hr", "--label", "confidential")
    assert found(kb, "pay of a manager") == []
    assert found(kb, "pay of a manager", "--user", "anna")[0]["label"] == "confidential"
    kb.call("knowledge", "add", "hr", "--access", "group:hr", "--access", f"user:{os_user()}")
    assert found(kb, "pay of a manager")[0]["label"] == "confidential"


def test_a_source_grows_and_two_folders_of_one_name_are_two_sources(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies/credit.md", "--source", "rules", "--owner", "Finance")
    code, out, _ = kb.call("knowledge", "add", "hr/pay.md", "--source", "rules")
    assert code == 0 and "1 removed" in out and "2 new" in out, "folders stand before the names of several"
    shown = kb.json("knowledge", "show", "policies/credit.md")[1]
    assert (shown["source"], shown["owner"]) == ("rules", "Finance")
    (kb.folder / "other" / "hr").mkdir(parents=True)
    for folder in ("hr", "other/hr"):
        assert kb.call("knowledge", "add", folder)[0] == 0
    paths = [source["name"] for source in kb.json("knowledge", "status")[1]["sources"]]
    assert len(set(paths)) == 3


def test_what_may_not_be_seen_is_said_without_saying_what(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies")
    kb.call("knowledge", "add", "hr", "--access", "group:hr")
    code, out, _ = kb.call("knowledge", "search", "pay of a manager", "--source", "hr")
    assert code == 0 and "may not see it" in out
    assert "pay.md" not in out and "20,000" not in out
    code, out, err = kb.call("knowledge", "show", "pay.md")
    assert code == 2 and "pay.md" not in err.replace("There is no 'pay.md'", "") and "20,000" not in out
    assert "20,000" in kb.call("knowledge", "show", "pay.md", "--user", "anna")[1]


def test_a_path_that_is_not_there_adds_nothing(kb: Desk) -> None:
    for path in ("absent", "absent/*.md", "https://example.com/"):
        code, _, err = kb.call("knowledge", "add", "policies", path)
        assert code == 2 and path.split("/*")[0] in err
    assert kb.json("knowledge", "status")[1]["sources"] == []
    assert kb.json("knowledge", "add", "absent")[1]["error"]["code"] == "usage"


MISTAKES = (
    (["add", "policies", "--label", "private"], "public internal confidential secret"),
    (["add", "policies", "--access", "anna"], "user:NAME"),
    (["search", "x", "--since", "yesterday"], "2026-01-31"),
    (["search", "x", "--source", "polices"], "Did you mean 'policies'?"),
    (["ingest", "polices"], "Did you mean 'policies'?"),
    (["remove", "credit.m"], "Did you mean 'credit.md'?"),
    (["remove", "zzzzzz"], "clawdbot knowledge status"),
    (["show", "credt.md"], "Did you mean 'credit.md'?"),
)


def test_mistakes_are_named(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies")
    for arguments, said in MISTAKES:
        code, _, err = kb.call("knowledge", *arguments)
        assert code == 2 and said in err, arguments


def test_failures_are_listed_with_their_reason(kb: Desk) -> None:
    (kb.folder / "policies" / "broken.docx").write_bytes(b"PK\x03\x04 broken")
    (kb.folder / "policies" / "lost.md").symlink_to("nowhere")
    code, out, err = kb.call("knowledge", "add", "policies")
    assert code == 3 and "2 new, 2 failed" in out and "leads to nothing" in out
    assert "✗ policies: broken.docx" in err
    code, body = kb.json("knowledge", "ingest")
    assert code == 3 and {failure["name"] for failure in body["failures"]} == {"broken.docx", "lost.md"}
    assert body["reports"][0]["unchanged"] == 2 and all(failure["reason"] for failure in body["failures"])
    assert len(kb.json("knowledge", "status")[1]["failures"]) == 2
    for name in ("broken.docx", "lost.md"):
        (kb.folder / "policies" / name).unlink()
    assert kb.call("knowledge", "ingest")[0] == 0


def test_a_source_that_is_gone_deletes_nothing(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies")
    (kb.folder / "policies").rename(kb.folder / "away")
    code, out, _ = kb.call("knowledge", "ingest", "policies")
    assert code == 3 and "there is no folder" in out
    assert "there is no folder" in kb.call("knowledge", "status")[1]
    assert found(kb, "credit limit")


def test_removing(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies")
    kb.call("knowledge", "add", "hr")
    assert kb.json("knowledge", "remove", "credit.md") == (0, {"removed": "credit.md", "documents": 1})
    assert "credit.md" not in {each["document"] for each in found(kb, "credit limit")}
    code, out, _ = kb.call("knowledge", "remove", "policies")
    assert code == 0 and "1 documents" in out
    assert {each["document"] for each in found(kb, "credit limit 信用额度 pay")} <= {"pay.md"}


def test_sources_of_the_file_and_of_commands_side_by_side(kb: Desk) -> None:
    kb.config.write_text(_CONFIG + '[knowledge.sources.staff]\npaths = ["hr"]\naccess = ["group:hr"]\n')
    kb.call("knowledge", "add", "policies")
    assert kb.call("knowledge", "ingest")[0] == 0
    sources = {source["name"]: source["origin"] for source in kb.json("knowledge", "status")[1]["sources"]}
    assert sources == {"staff": "config", "policies": "command"}
    code, _, err = kb.call("knowledge", "add", "policies/zh", "--source", "staff")
    assert code == 2 and "'staff' is in the configuration file, which wins" in err
    _, _, err = kb.call("knowledge", "add", "hr/pay.md", "--no-ingest")
    assert "in the source 'staff' too, which group:hr may see" in err
    kb.config.write_text(_CONFIG + '[knowledge.sources.other]\npaths = ["policies/zh"]\n')
    code, _, err = kb.call("knowledge", "ingest")
    assert code == 0 and "'staff' left the configuration file" in err
    names = {source["name"] for source in kb.json("knowledge", "status")[1]["sources"]}
    assert names == {"policies", "pay.md", "other"}


def test_a_database_is_a_source(kb: Desk) -> None:
    with closing(sqlite3.connect(kb.folder / "notes.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE notes (id INTEGER, body TEXT)")
        connection.execute("INSERT INTO notes VALUES (7, 'The travel allowance is 40 EUR a day.')")
    kb.config.write_text(
        _CONFIG + '[databases.office]\nurl = "sqlite:///notes.sqlite"\n[knowledge.sources.notes]\nkind = "sql"\n'
        'database = "office"\nquery = "SELECT id, body FROM notes"\nkey = "id"\ntemplate = "{{ body }}"\n'
    )
    assert kb.call("knowledge", "ingest")[0] == 0
    assert [each["document"] for each in found(kb, "travel allowance")] == ["7"]


def test_adding_without_taking_in(kb: Desk) -> None:
    code, _, _ = kb.call("knowledge", "add", "policies", "--no-ingest", "--source", "rules")
    assert code == 0 and found(kb, "credit limit") == []
    assert kb.json("knowledge", "ingest", "rules")[1]["reports"][0]["new"] == 2


def test_only_some_sources_and_days(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies")
    kb.call("knowledge", "add", "hr")
    assert {each["source"] for each in found(kb, "EUR", "--source", "hr")} == {"hr"}
    assert found(kb, "credit limit", "--since", "2999-01-01") == []
    assert found(kb, "credit limit", "--since", "2000-01-01")


def test_show_a_document(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies", "--owner", "Finance")
    code, out, _ = kb.call("knowledge", "show", "policies/credit.md")
    assert code == 0 and "Owner: Finance" in out and "Seen by: everyone" in out and "80,000 EUR" in out
    assert "80,000" in kb.json("knowledge", "show", "credit.md")[1]["text"]
    (kb.folder / "hr" / "credit.md").write_text("# Another")
    kb.call("knowledge", "add", "hr")
    code, _, err = kb.call("knowledge", "show", "credit.md")
    assert code == 2 and "hr/credit.md, policies/credit.md" in err


def test_verify_rebuild_and_export(kb: Desk) -> None:
    kb.call("knowledge", "add", "policies")
    assert kb.json("knowledge", "verify") == (0, {"ok": True, "differences": []})
    assert kb.call("knowledge", "rebuild")[:2] == (0, "The indexes are built anew.\n")
    assert "exactly" in kb.call("knowledge", "verify")[1] and found(kb, "credit limit")
    assert kb.call("knowledge", "export", "out.jsonl")[0] == 0
    lines = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    assert any("80,000 EUR" in json.dumps(line) for line in lines)
    code, _, err = kb.call("knowledge", "export", "absent/out.jsonl")
    assert code == 2 and "cannot be written" in err


def test_with_nothing_there(kb: Desk) -> None:
    for arguments in (["status"], ["ingest"], ["search", "x"]):
        code, out, _ = kb.call("knowledge", *arguments)
        assert code == 0 and "clawdbot knowledge add PATH" in out
    assert kb.json("knowledge", "search", "x") == (0, [])


def test_in_chinese(kb: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    code, out, _ = kb.call("knowledge", "add", "policies")
    assert code == 0 and out.startswith("policies：新增 2（")
    assert "2 个文档" in kb.call("knowledge", "status")[1]
    assert "是不是 'policies'？" in kb.call("knowledge", "remove", "polices")[2]


def test_help_of_the_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "--help"]) == 0
    out = capsys.readouterr().out
    for name in ("add", "search", "status", "ingest", "watch", "remove", "show", "rebuild", "verify", "export"):
        assert f"\n  {name} " in out
