"""A person changes a call in the editor; what does not fit is kept, to be mended the next time."""

from __future__ import annotations

from pathlib import Path

from clawdbot.app import App
from clawdbot.cli.call_draft import as_toml, in_editor, read_toml
from clawdbot.cli.wording import Words
from clawdbot.errors import PolicyRefused, UsageError
from clawdbot.store.answers import Edited
from clawdbot.store.approvals import Approval


def change(app: App, question: Approval, words: Words) -> Edited | None:
    """The call as it was changed and checked; None when it was left as it is.

    UsageError or PolicyRefused when it does not fit; the draft stays on the disk and is opened again the next time.
    """
    app.approving.schema(question)
    original = as_toml(question.args or {}, comment=words("approval.draft"))
    file = draft_file(app, question)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(original, "utf-8")
    in_editor(file)
    text = file.read_text("utf-8")
    try:
        args = read_toml(text)
        if args == read_toml(original):
            file.unlink()
            return None
        edited = app.approving.edit(question, args)
    except (UsageError, PolicyRefused) as error:
        error.hint = f"{error.hint} {words('approval.kept', file=file)}".strip()
        raise
    file.unlink()
    return edited


def draft_file(app: App, question: Approval) -> Path:
    """Where a change of that call is kept while it does not fit."""
    return app.config.app.home / "drafts" / f"{question.run_id}-{question.payload_hash[:12]}.toml"
