"""The tool as a planner meets it: when it is offered, what its schema allows, what a person must approve."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clawdbot.config import AppConfig, Config, MailConfig
from clawdbot.errors import PolicyRefused, RetryableToolError, TerminalToolError
from clawdbot.tools.contract import RunView
from clawdbot.tools.mail.tool import mail
from clawdbot.tools.workspace import Workspace

TEXT: dict[str, Any] = {"subject": "第三季度销售报告", "body": "您好,附件是报告。"}
SETTINGS = MailConfig(host="127.0.0.1", port=1, security="none", from_="Bot <bot@example.com>")
MakeView = Callable[..., RunView]


def test_it_declares_what_it_does() -> None:
    assert (mail.name, mail.effect, mail.provides) == ("mail", "external", "mail")
    assert set(mail.schema["properties"]) == {"subject", "body", "to", "attachments", "tables"}
    assert mail.schema["properties"]["subject"]["maxLength"] == 100
    assert mail.schema["properties"]["body"]["maxLength"] == 1200


def test_it_waits_for_what_it_should_carry(make_view: MakeView, tmp_path: Path) -> None:
    space = Workspace(tmp_path / "other")
    wanted = {"table", "chart", "report", "mail"}
    assert not mail.ready(make_view(SETTINGS, wanted, space=space))
    space.save_table(pd.DataFrame({"a": [1]}), name="t")
    assert not mail.ready(make_view(SETTINGS, wanted, space=space))
    for kind in ("chart", "report"):
        path = space.root / "artifacts" / f"{kind}.pdf"
        path.write_bytes(b"x")
        space.add_artifact(path, kind=kind)
    assert mail.ready(make_view(SETTINGS, wanted, space=space))
    assert not mail.ready(make_view(SETTINGS, wanted, space=space, hints={"formats": ["xlsx"]}))
    assert mail.ready(make_view(SETTINGS, {"mail"}, hints={"formats": ["csv"]}))


def test_it_is_offered_once_for_each_recipient(make_view: MakeView) -> None:
    people = ("a@example.com", "b@example.com")
    assert not mail.ready(make_view(SETTINGS, {"mail"}, recipients=()))
    assert not mail.ready(make_view(MailConfig(), {"mail"}))
    done: tuple[dict[str, Any], ...] = ({"tool": "chart"}, {"tool": "mail", "to": ["A@example.com"]})
    view = make_view(SETTINGS, {"mail"}, recipients=people, done=done)
    assert mail.ready(view)
    assert mail.narrow(view, mail.schema)["properties"]["to"]["items"]["enum"] == ["b@example.com"]
    done = (*done, {"tool": "mail", "to": [], "refused": {"b@example.com": "550"}})
    assert not mail.ready(make_view(SETTINGS, {"mail"}, recipients=people, done=done))


def test_what_the_goal_fixes_is_left_out_of_the_schema(make_view: MakeView) -> None:
    narrowed = mail.narrow(make_view(SETTINGS, {"report", "mail"}), mail.schema)
    assert list(narrowed["properties"]) == narrowed["required"] == ["subject", "body"]
    assert set(mail.schema["properties"]) == {"subject", "body", "to", "attachments", "tables"}


def test_recipients_and_files_are_enums_of_what_there_is(make_view: MakeView) -> None:
    narrowed = mail.narrow(make_view(SETTINGS, {"mail"}, recipients=("b@x.org", "a@x.org")), mail.schema)
    to, files = narrowed["properties"]["to"], narrowed["properties"]["attachments"]
    assert (to["items"]["enum"], to["minItems"], to["maxItems"]) == (["a@x.org", "b@x.org"], 1, 2)
    assert files["items"]["enum"] == ["销售报告.pdf", "chart.png", "sales.csv"]
    assert narrowed["required"] == ["subject", "body", "to", "attachments"]


def test_without_files_there_is_nothing_to_choose(make_view: MakeView, tmp_path: Path) -> None:
    narrowed = mail.narrow(make_view(SETTINGS, {"mail"}, space=Workspace(tmp_path / "empty")), mail.schema)
    assert list(narrowed["properties"]) == ["subject", "body"]


def test_a_stranger_gets_nothing(make_context: Any) -> None:
    for stranger in ("attacker@example.net", "finance@example.com.evil.org", "finance@example.com\r\nBcc: x@y.z"):
        with pytest.raises(PolicyRefused, match=r"not a recipient of this goal.*finance@example\.com"):
            mail(make_context(SETTINGS), to=[stranger], **TEXT)
    with pytest.raises(PolicyRefused, match="names no recipient"):
        mail(make_context(SETTINGS, recipients=()), **TEXT)


def test_without_a_server_the_cure_is_told(make_context: Any) -> None:
    with pytest.raises(TerminalToolError, match=r"\[mail\] of clawdbot.toml"):
        mail(make_context(MailConfig()), **TEXT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": "\u202e\r\n "}, "subject is empty"),
        ({"body": "\x00\n"}, "body is empty"),
        ({"body": "字" * 1300}, "1300 characters"),
        ({"attachments": ["../../etc/passwd"]}, "no artifact '../../etc/passwd'.*chart.png"),
        ({"attachments": ["chart.pdf"]}, "no artifact"),
        ({"body": "销售额是 98,765.43 元"}, "98,765.43.*no result|no result.*98,765.43"),
    ],
)
def test_what_the_model_can_mend_is_told(make_context: Any, change: dict[str, Any], said: str) -> None:
    with pytest.raises(RetryableToolError, match=said):
        mail(make_context(SETTINGS), **{**TEXT, **change})


def test_figures_of_saved_tables_may_be_said(start_server: Any, make_context: Any, workspace: Workspace) -> None:
    workspace.save_table(pd.DataFrame({"地区": ["华北"], "销售额": [98765.43]}), name="sales")
    server = start_server()
    mail(make_context(server.settings), subject="销售额 98,765.43 元", body="华北约 9.9 万元。")
    assert server.behaviour.message()["Subject"] == "销售额 98,765.43 元"


def test_only_the_named_tables_stand_in_the_mail(make_context: Any, workspace: Workspace) -> None:
    for name, customer in (("mine", "Acme"), ("others", "Borealis")):
        workspace.save_table(pd.DataFrame({"customer": [customer], "invoice": [f"no-{name}"]}), name=name)
    assert mail.asks is not None

    def payload(**more: Any) -> str:
        assert mail.asks is not None
        return str(mail.asks(make_context(SETTINGS), {**TEXT, **more}))

    assert "Acme" in payload(tables=["mine"], attachments=[]) and "Borealis" not in payload(tables=["mine"])
    assert "Acme" not in payload(tables=[], attachments=[]) and "Borealis" in payload(attachments=[])
    with pytest.raises(RetryableToolError, match="no table 'mines'"):
        mail(make_context(SETTINGS), **TEXT, tables=["mines"])


def test_chosen_files_are_attached_once(start_server: Any, make_context: Any) -> None:
    server = start_server()
    result = mail(make_context(server.settings), attachments=["chart.png", "chart.png"], **TEXT)
    assert [a.get_filename() for a in server.behaviour.message().iter_attachments()] == ["chart.png"]
    assert [a["name"] for a in result.receipt["attachments"]] == ["chart.png"]
    assert result.receipt["attachments"][0]["bytes"] == len(b"\x89PNG chart")
    result = mail(make_context(server.settings, language="en"), attachments=[], **TEXT)
    assert result.receipt["attachments"] == [] and "no attachments" in result.summary


def test_charts_are_attached_when_there_is_no_report(
    start_server: Any, make_context: Any, workspace: Workspace
) -> None:
    for name in ("销售报告.pdf", "sales.csv"):
        (workspace.root / "artifacts" / f".{name}.json").unlink()
    server = start_server()
    mail(make_context(server.settings), **TEXT)
    assert [a.get_filename() for a in server.behaviour.message().iter_attachments()] == ["chart.png"]


def test_contacts_give_the_recipient_a_name(start_server: Any, make_context: Any) -> None:
    server = start_server()
    mail(make_context(server.settings), **TEXT)
    assert server.behaviour.message()["To"] == "财务 <finance@example.com>"


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("收件人", "附件", "字节")), ("en", ("To:", "Attachments:", "bytes"))]
)
def test_a_person_approves_the_mail_as_it_will_be_sent(
    make_context: Any, language: str, words: tuple[str, ...]
) -> None:
    assert mail.asks is not None
    payload = mail.asks(make_context(SETTINGS, language=language), TEXT)
    assert payload is not None
    for part in (*words, "bot@example.com", "finance@example.com", TEXT["subject"], TEXT["body"], "销售报告.pdf"):
        assert part in payload
    assert mail.asks(make_context(SETTINGS, allow=("*@example.com",)), TEXT) is None
    other = mail.asks(make_context(SETTINGS, language=language), {**TEXT, "attachments": []})
    assert other is not None and other != payload


def test_an_unknown_time_zone_is_told(make_context: Any) -> None:
    context = make_context(SETTINGS)
    for zone, said in (("Nowhere/City", "not known"), ("Asia/Shanghai", "does not answer")):
        config = Config(mail=SETTINGS, app=AppConfig(timezone=zone))
        with pytest.raises(TerminalToolError, match=said):
            mail(type(context)(**{**vars(context), "config": config, "deadline": 0.0}), **TEXT)
