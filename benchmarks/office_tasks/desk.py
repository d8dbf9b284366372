"""The tools that a user of an agent framework would write for this office; both rivals get the same.

Charts and reports are drawn by the same code as Clawdbot's, without its narrowed schemas; mail is plain smtplib.
The database is opened read-only, which is more than most examples do.
"""

from __future__ import annotations

import smtplib
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pandas as pd

from benchmarks.office_tasks.office import ABOUT, CONTACTS, SENDER, TODAY, Office
from benchmarks.office_tasks.task import Task
from clawdbot.access.envelope import Envelope
from clawdbot.config import AppConfig, Config
from clawdbot.errors import ToolError
from clawdbot.tools.chart.tool import chart
from clawdbot.tools.contract import ToolContext
from clawdbot.tools.report.tool import report
from clawdbot.tools.workspace import Workspace

_SHOWN_ROWS = 30
_SQL_S = 20.0
_OPCODES = 10_000


class Desk:
    """The tools of one office and the files that they made; ``calls`` are their names in order."""

    def __init__(self, task: Task, office: Office) -> None:
        self.calls: list[str] = []
        self._office = office
        self._workspace = Workspace(office.folder / "desk")
        self._context = ToolContext(
            run_id="desk",
            goal=task.goal,
            language=task.language,
            workspace=self._workspace,
            envelope=Envelope(),
            config=Config(app=AppConfig.model_validate({"home": str(office.folder), "today": TODAY})),
            deadline=time.monotonic() + office.limit_s,
        )

    def tools(self) -> tuple[Callable[..., str], ...]:
        """Plain functions with type hints and docstrings, as frameworks read them."""
        return (self.list_tables, self.table_schema, self.run_sql, self.make_chart, self.make_report, self.send_mail)

    def files(self) -> tuple[Path, ...]:
        """The files that were made."""
        return tuple(Path(artifact.path) for artifact in self._workspace.artifacts())

    def list_tables(self) -> str:
        """List the tables of the database."""
        return self._say(
            "list_tables", lambda: ", ".join(self._rows("SELECT name FROM sqlite_schema WHERE type = 'table'")["name"])
        )

    def table_schema(self, table: str) -> str:
        """Show the columns of a table and their types.

        Args:
            table: name of the table
        """
        sql = "SELECT name, type FROM pragma_table_info(?)"
        return self._say("table_schema", lambda: _as_text(self._rows(sql, table)))

    def run_sql(self, sql: str, save_as: str = "result") -> str:
        """Run one SQLite SELECT statement and save its rows as a table for charts and reports.

        Args:
            sql: the statement
            save_as: short name of the saved table
        """
        return self._say("run_sql", lambda: self._saved(sql, save_as))

    def make_chart(self, table: str, kind: Literal["bar", "line", "pie", "scatter"], x: str, y: str, title: str) -> str:
        """Draw a chart of a saved table and save it as a PNG file.

        Args:
            table: name of the saved table
            kind: kind of chart
            x: column along the axis
            y: numeric column
            title: title of the chart
        """
        return self._say(
            "make_chart", lambda: chart(self._context, table=table, kind=kind, x=x, y=y, title=title).observation
        )

    def make_report(self, title: str, summary: str) -> str:
        """Write a PDF report with a summary, all charts and all saved tables.

        Args:
            title: title of the report
            summary: two or three sentences about the result
        """
        return self._say("make_report", lambda: report(self._context, title=title, summary=summary).observation)

    def send_mail(self, to: str, subject: str, body: str, attachments: list[str] | None = None) -> str:
        """Send a mail.

        Args:
            to: address
            subject: subject line
            body: text of the mail
            attachments: names of files that were made
        """
        return self._say("send_mail", lambda: self._send(to, subject, body, attachments or []))

    def _say(self, name: str, work: Callable[[], str]) -> str:
        """What the model sees: the result, or the error in words."""
        self.calls.append(name)
        try:
            return work()
        except (ToolError, sqlite3.Error, smtplib.SMTPException, OSError, ValueError, LookupError) as error:
            return f"Error: {error}"

    def _rows(self, sql: str, *values: str) -> pd.DataFrame:
        until = time.monotonic() + _SQL_S
        with closing(sqlite3.connect(f"file:{self._office.database}?mode=ro", uri=True)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > until, _OPCODES)
            cursor = connection.execute(sql, values)
            if cursor.description is None:
                raise ValueError("the statement gives no rows")
            return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])

    def _saved(self, sql: str, name: str) -> str:
        frame = self._rows(sql)
        info = self._workspace.save_table(frame, name=name, source="office", sql=sql)
        return f"{len(frame)} rows saved as table {info.name!r}:\n{_as_text(frame)}"

    def _send(self, to: str, subject: str, body: str, attachments: list[str]) -> str:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = SENDER, to, subject
        mail.set_content(body)
        for name in attachments:
            data = Path(self._workspace.artifact(name).path).read_bytes()
            mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
        with smtplib.SMTP("127.0.0.1", self._office.mail_port, timeout=30) as server:
            server.send_message(mail)
        return f"Mail sent to {to}."


def instructions() -> str:
    """The system prompt of both rivals: what Clawdbot's configuration says, and how to go about it."""
    contacts = ", ".join(f"{name} = {address}" for name, address in CONTACTS.items())
    return (
        "You are an office assistant. Finish the task with the tools, then answer shortly in the language of the "
        "task, with the figures that you found. Look at the tables and their columns before you write SQL for SQLite. "
        "Use only numbers that the tools gave. If something cannot be done, say so.\n"
        f"Database: {ABOUT}. Today is {TODAY}. Contacts: {contacts}."
    )


def _as_text(frame: pd.DataFrame) -> str:
    rows = [" | ".join(map(str, row)) for row in frame.head(_SHOWN_ROWS).itertuples(index=False)]
    more = [f"... {len(frame) - _SHOWN_ROWS} more rows"] if len(frame) > _SHOWN_ROWS else []
    return "\n".join([" | ".join(map(str, frame.columns)), *rows, *more])
