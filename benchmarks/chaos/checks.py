"""What must hold whatever was killed: each check looks at the facts from outside and tells what does not hold."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from benchmarks.chaos.facts import Facts, Row, Violation
from benchmarks.chaos.letters import EVERY_S, SCHEDULE

_ENDED = ("done", "cancelled")
_VERDICTS = ("verified", "partial", "failed")
_HAPPENED = ("done", "unknown")
_GRACE = timedelta(seconds=30)
"""The notifier looks every few seconds, when its worker is alive."""


def violations(facts: Facts) -> list[Violation]:
    """Everything that does not hold; empty is what a run through the storm should give."""
    return [found for check in CHECKS for found in check(facts)]


def nothing_is_lost(facts: Facts) -> Iterator[Violation]:
    """A run of which somebody was told that it is accepted is in the ledger."""
    known = {row["id"] for row in facts.rows["runs"]}
    for run_id in sorted(facts.heard - known):
        yield Violation(rule="accepted runs are kept", run_id=run_id, said="it is not in the ledger")


def everything_ends(facts: Facts) -> Iterator[Violation]:
    """A run is done, cancelled because somebody asked, or waits for a person who has not answered."""
    rule = "every run ends"
    families = defaultdict(set)
    for row in facts.rows["runs"]:
        families[row["parent"] or row["id"]].add(row["id"])
    asked = {row["run_id"] for row in facts.rows["approvals"] if row["decision"] is None}
    for row in facts.rows["runs"]:
        status = row["status"]
        if status == "waiting" and families[row["parent"] or row["id"]] & asked:
            continue
        if status not in _ENDED:
            said = f"it is {status} ({row['error'] or 'nothing said'}), attempts {row['attempts']}"
            yield Violation(rule=rule, run_id=row["id"], said=said)
        elif status == "cancelled" and not row["cancel_by"]:
            yield Violation(rule=rule, run_id=row["id"], said="it is cancelled, but nobody asked for that")


def verdicts_are_plausible(facts: Facts) -> Iterator[Violation]:
    """A run that is done has a verdict and a result, and is verified only when nothing in it is in doubt."""
    rule = "verdicts are plausible"
    for row in facts.rows["runs"]:
        if row["status"] != "done":
            continue
        result = row["result"] or {}
        if row["verdict"] not in _VERDICTS or result.get("run_id") != row["id"]:
            said = f"verdict {row['verdict']!r}, result of {result.get('run_id')!r}: {row['error']}"
            yield Violation(rule=rule, run_id=row["id"], said=said)
        doubtful = [e["state"] for e in facts.of("effects", row["id"]) if e["state"] in ("intent", "unknown")]
        if row["verdict"] == "verified" and doubtful and not _settled(facts, row["id"]):
            yield Violation(rule=rule, run_id=row["id"], said=f"verified with effects {doubtful}")


def mails_go_once(facts: Facts) -> Iterator[Violation]:
    """No mail was accepted twice, and each that was is known to the ledger."""
    known = {row["message_id"]: row["run_id"] for row in facts.rows["outbox"]}
    for message_id, times in Counter(mail.message_id for mail in facts.mails).items():
        if times > 1:
            said = f"{message_id} was accepted {times} times"
            yield Violation(rule="a mail goes once", run_id=known.get(message_id, ""), said=said)
    told = [mail for mail in facts.mails if mail.message_id not in known]
    notices = [row for row in facts.rows["notice_deliveries"] if row["channel"] == "mail"]
    left = sum(row["state"] in ("sent", "unknown", "sending") for row in notices)
    if len(told) > left:
        subjects = ", ".join(repr(mail.subject) for mail in told)
        said = f"{len(told)} accepted mails are not in the outbox, {left} notices may have left: {subjects}"
        yield Violation(rule="a mail goes once", run_id="", said=said)
    sent = sum(row["state"] == "sent" for row in notices)
    if len(told) < sent:
        yield Violation(rule="a mail goes once", run_id="", said=f"{sent} notices are sent, {len(told)} were accepted")
    for row in notices:
        # One whose sender was killed becomes unknown when its time is up, two minutes after it began.
        if row["state"] == "sending" and datetime.fromisoformat(row["ready_at"]) < datetime.now(UTC) - _GRACE:
            said = f"the mail of notice {row['notice_id'][:12]} is left on its way"
            yield Violation(rule="a mail goes once", run_id="", said=said)


def effects_are_true(facts: Facts) -> Iterator[Violation]:
    """A mail's effect is done when it was accepted once, failed when it was not, and else in doubt."""
    rule = "effects say what happened"
    accepted = Counter(mail.message_id for mail in facts.mails)
    outbox = {row["key"]: row for row in facts.rows["outbox"]}
    for effect in facts.rows["effects"]:
        run_id, state = effect["run_id"], effect["state"]
        if state == "intent":
            yield Violation(rule=rule, run_id=run_id, said=f"effect {effect['key'][:12]} is left as an intent")
        if effect["tool"] != "mail":
            continue
        receipt = effect["receipt"] or {}
        mail = outbox.get(effect["key"])
        message_id = receipt.get("message_id") or (mail["message_id"] if mail else None)
        times = accepted[message_id] if message_id else 0
        if state == "done" and times != 1 and not effect["settled_by"]:
            said = f"effect {effect['key'][:12]} is done, {message_id} was accepted {times} times"
            yield Violation(rule=rule, run_id=run_id, said=said)
        if state == "failed" and times and not effect["settled_by"]:
            said = f"effect {effect['key'][:12]} has failed, but {message_id} was accepted"
            yield Violation(rule=rule, run_id=run_id, said=said)


def outbox_agrees(facts: Facts) -> Iterator[Violation]:
    """The outbox and the effects tell the same; nothing is left on its way."""
    rule = "outbox and effects agree"
    same = {"sent": ("done",), "unknown": ("unknown",), "failed": ("failed",)}
    effects = {row["key"]: row for row in facts.rows["effects"]}
    for mail in facts.rows["outbox"]:
        effect = effects.get(mail["key"])
        state = effect["state"] if effect else "absent"
        if state not in same.get(mail["state"], ()) and not (effect and effect["settled_by"]):
            said = f"mail {mail['key'][:12]} is {mail['state']}, its effect is {state}"
            yield Violation(rule=rule, run_id=mail["run_id"], said=said)


def effects_happen_once(facts: Facts) -> Iterator[Violation]:
    """In this office nobody asks twice for the same: no two effects of a run have one payload."""
    for (run_id, payload), times in Counter(
        (row["run_id"], row["payload_hash"]) for row in facts.rows["effects"] if row["state"] in _HAPPENED
    ).items():
        if payload and times > 1:
            said = f"{times} effects with the payload {payload[:12]}"
            yield Violation(rule="an effect happens once", run_id=run_id, said=said)


def answers_count(facts: Facts) -> Iterator[Violation]:
    """What a person refused, or nobody answered in time, has no effect."""
    decisions = defaultdict(set)
    for row in facts.rows["approvals"]:
        decisions[row["run_id"]].add(row["decision"])
    for row in facts.rows["effects"]:
        said = decisions.get(row["run_id"])
        if said and "approved" not in said and row["state"] in _HAPPENED:
            told = f"effect {row['key'][:12]} is {row['state']}, the answers were {sorted(map(str, said))}"
            yield Violation(rule="a refused effect does not happen", run_id=row["run_id"], said=told)


def money_balances(facts: Facts) -> Iterator[Violation]:
    """Nothing is reserved any more, each total is the sum of its reservations, and the bill is covered."""
    rule = "budgets balance"
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for row in facts.rows["reservations"]:
        amount = Decimal(row["spent_usd"] or 0)
        if row["state"] == "reserved" or (row["state"] == "released" and amount):
            said = f"reservation {row['id'][:12]} is {row['state']} with {amount} spent"
            yield Violation(rule=rule, run_id=row["run_id"], said=said)
        for account in _accounts(row):
            spent[account] += amount
    totals = {row["account"]: row for row in facts.rows["spending_totals"]}
    for account in sorted(spent.keys() | totals.keys()):
        total = totals.get(account)
        held, counted = (Decimal(total[name]) for name in ("reserved_usd", "spent_usd")) if total else (None, None)
        if held != 0 or counted != spent[account]:
            said = f"{account}: reserved {held}, spent {counted}, its reservations add up to {spent[account]}"
            yield Violation(rule=rule, run_id="", said=said)
    everything = sum((Decimal(row["spent_usd"] or 0) for row in facts.rows["reservations"]), Decimal(0))
    if everything < facts.billed:
        yield Violation(rule=rule, run_id="", said=f"billed {facts.billed}, but only {everything} was counted")


def records_have_no_gaps(facts: Facts) -> Iterator[Violation]:
    """Steps and events are numbered from 1 without gaps, and a result has the steps of the ledger."""
    for table, number in (("steps", "n"), ("events", "seq")):
        numbers = defaultdict(list)
        for row in facts.rows[table]:
            numbers[row["run_id"]].append(row[number])
        for run_id, found in numbers.items():
            if found != list(range(1, len(found) + 1)):
                yield Violation(rule=f"{table} have no gaps", run_id=run_id, said=f"{table} {found}")
    steps = Counter(row["run_id"] for row in facts.rows["steps"])
    for row in facts.rows["runs"]:
        told = (row["result"] or {}).get("steps")
        if row["status"] == "done" and row["kind"] != "workflow" and told is not None and len(told) != steps[row["id"]]:
            said = f"the result has {len(told)} steps, the ledger {steps[row['id']]}"
            yield Violation(rule="steps have no gaps", run_id=row["id"], said=said)


def one_owner_at_a_time(facts: Facts) -> Iterator[Violation]:
    """Who had a run before tells nothing more once another has it; no token is above the run's own."""
    rule = "one owner at a time"
    tokens = {row["id"]: row["token"] for row in facts.rows["runs"]}
    highest: dict[str, int] = {}
    for row in facts.rows["events"]:
        run_id, token = row["run_id"], row["token"]
        if token and token < highest.get(run_id, 0):
            said = f"event {row['seq']} was told under token {token}, after one under {highest[run_id]}"
            yield Violation(rule=rule, run_id=run_id, said=said)
        highest[run_id] = max(token, highest.get(run_id, 0))
        if token > tokens.get(run_id, token):
            said = f"event {row['seq']} has token {token}, the run has {tokens[run_id]}"
            yield Violation(rule=rule, run_id=run_id, said=said)


def listeners_hear_the_end(facts: Facts) -> Iterator[Violation]:
    """The last that a run tells is its end."""
    last: dict[str, Row] = {row["run_id"]: row for row in facts.rows["events"]}
    for row in facts.rows["runs"]:
        told = last.get(row["id"])
        kind = told["body"].get("event") if told else "nothing"
        if row["status"] == "done" and kind != "end":
            yield Violation(rule="listeners hear the end", run_id=row["id"], said=f"the last event is {kind!r}")


def instants_fire_once(facts: Facts) -> Iterator[Violation]:
    """Each firing has a run of its own, and each scheduled run has its firing."""
    rule = "an instant fires once"
    known = {row["id"] for row in facts.rows["runs"]}
    fired = Counter(row["run_id"] for row in facts.rows["firings"] if row["run_id"])
    for run_id, times in fired.items():
        if times > 1 or run_id not in known:
            said = f"{times} firings, {'a' if run_id in known else 'no'} run"
            yield Violation(rule=rule, run_id=run_id, said=said)
    for row in facts.rows["firings"]:
        if row["outcome"] in ("started", "late") and not row["run_id"]:
            said = f"{row['schedule']} at {row['due_at']} is {row['outcome']} without a run"
            yield Violation(rule=rule, run_id="", said=said)
    for row in facts.rows["runs"]:
        if (row["spec"] or {}).get("schedule") and row["id"] not in fired:
            yield Violation(rule=rule, run_id=row["id"], said="a scheduled run without a firing")


def instants_leave_no_gaps(facts: Facts) -> Iterator[Violation]:
    """Between the first and the last instant of the letters' schedule each has its row, whatever came of it."""
    due = sorted(datetime.fromisoformat(row["due_at"]) for row in facts.rows["firings"] if row["schedule"] == SCHEDULE)
    for before, after in itertools.pairwise(due):
        if (after - before).total_seconds() != EVERY_S:
            said = f"after {before.isoformat()} comes {after.isoformat()}"
            yield Violation(rule="no instant is skipped", run_id="", said=said)


def workflows_are_whole(facts: Facts) -> Iterator[Violation]:
    """A workflow's run that is done has no step under way, and no child of it goes on."""
    states = {row["id"]: row for row in facts.rows["runs"]}
    for row in facts.rows["workflow_steps"]:
        run = states[row["run_id"]]
        if run["status"] == "done" and row["state"] in ("running", "waiting"):
            said = f"step {row['position']} is {row['state']}"
            yield Violation(rule="workflows are whole", run_id=run["id"], said=said)
    for row in facts.rows["runs"]:
        parent = states.get(row["parent"] or "")
        if parent is not None and parent["status"] in _ENDED and row["status"] not in _ENDED:
            said = f"its parent {parent['id']} is {parent['status']}, it is {row['status']}"
            yield Violation(rule="workflows are whole", run_id=row["id"], said=said)


def records_stay(facts: Facts) -> Iterator[Violation]:
    """What was seen to change although it never may."""
    for run_id, said in facts.changes:
        yield Violation(rule="records do not change", run_id=run_id, said=said)


CHECKS: tuple[Callable[[Facts], Iterator[Violation]], ...] = (
    nothing_is_lost,
    everything_ends,
    verdicts_are_plausible,
    mails_go_once,
    effects_are_true,
    outbox_agrees,
    effects_happen_once,
    answers_count,
    money_balances,
    records_have_no_gaps,
    one_owner_at_a_time,
    listeners_hear_the_end,
    instants_fire_once,
    instants_leave_no_gaps,
    workflows_are_whole,
    records_stay,
)


def _settled(facts: Facts, run_id: str) -> bool:
    return any(row["settled_by"] for row in facts.of("effects", run_id))


def _accounts(row: Row) -> Sequence[str]:
    """The totals that a reservation counts in, as ``store/spending.py`` names them."""
    return (
        f"step:{row['run_id']}/{row['step']}",
        f"task:{row['run_id']}",
        f"user_day:{row['day']} {row['user']}",
        f"day:{row['day']}",
    )


def history(facts: Facts, run_id: str) -> Mapping[str, Sequence[str]]:
    """What is known of a run, in order, for whoever looks into a violation."""
    events = [f"{e['seq']} token {e['token']} {e['at']} {_told(e['body'])}" for e in facts.of("events", run_id)]
    effects = [f"{e['tool']} {e['state']} {e['key'][:12]} step {e['step']}" for e in facts.of("effects", run_id)]
    outbox = [f"{m['state']} {m['key'][:12]} {m['message_id']}" for m in facts.of("outbox", run_id)]
    answers = [f"{a['tool']} {a['decision']} {a['payload_hash'][:12]}" for a in facts.of("approvals", run_id)]
    ids = {m["message_id"] for m in facts.of("outbox", run_id)}
    mails = [f"{m.message_id} to {', '.join(m.to)}" for m in facts.mails if m.message_id in ids]
    return {"events": events, "effects": effects, "outbox": outbox, "approvals": answers, "accepted mails": mails}


def _told(body: Row) -> str:
    kind = str(body.get("event"))
    return f"{kind} {body.get('n')} {body.get('tool')}" if kind == "step" else kind
