"""The person at the terminal, who is asked while a run goes on."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from clawdbot.app import App
from clawdbot.cli import streams
from clawdbot.cli.changing import change
from clawdbot.cli.step_stream import StepStream
from clawdbot.errors import PolicyRefused, UsageError
from clawdbot.store.answers import Answer, Edited

_YES = ("y", "yes", "是", "好", "同意")
_NO = ("n", "no", "否", "不")
_EDIT = ("e", "edit", "改")


class Person:
    """An approver: says yes to everything, asks whoever sits there, or lets the run wait when nobody does."""

    def __init__(self, app: App, stream: StepStream, *, user: str, yes: bool) -> None:
        self._app = app
        self._stream = stream
        self._user = user
        self._yes = yes

    def __call__(self, request: Mapping[str, Any]) -> Answer | None:
        self._stream.stop()
        if self._yes:
            return Answer(decision="approved", by=self._user, reason="--yes")
        if not streams.someone_is_there():
            return None
        words = self._stream.words
        streams.tell(words("approval.head", tool=request["tool"]))
        streams.tell(quoted(str(request["payload"])))
        edited: Edited | None = None
        while True:
            streams.write(sys.stderr, words("approval.question"))
            line = sys.stdin.readline()
            if not line:  # the terminal was closed: nobody has decided
                streams.tell()
                return None
            first, _, rest = line.strip().partition(" ")
            if first.lower() in _YES:
                return Answer(decision="approved", by=self._user, edited=edited)
            if first.lower() in ("", *_NO):
                return Answer(decision="refused", by=self._user, reason=rest.strip())
            if first.lower() in _EDIT:
                edited = self._changed(request) or edited
            else:
                streams.tell(words("approval.choices"))

    def _changed(self, request: Mapping[str, Any]) -> Edited | None:
        """The call as the person made it in the editor, shown anew; None when it stays as it was."""
        try:
            known = self._app.ledger.approvals.of_family(self._stream.run_id)
            question = next(asked for asked in known if asked.payload_hash == request["payload_hash"])
            edited = change(self._app, question, self._stream.words)
        except (UsageError, PolicyRefused) as error:
            streams.tell(str(error))
            return None
        if edited is None:
            streams.tell(self._stream.words("approval.unchanged"))
            return None
        streams.tell(self._stream.words("approval.changed_head", tool=request["tool"]))
        streams.tell(quoted(edited.payload))
        return edited


def quoted(payload: str) -> str:
    """A payload as it is, marked off from what we say ourselves."""
    return "\n".join(f"  │ {line}" for line in payload.split("\n"))
