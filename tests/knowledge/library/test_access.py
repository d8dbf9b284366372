"""Who may see what: rules choose a scope by name, lists count at once, and the library has the last word."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawdbot.access.identity import Identity
from clawdbot.config import AccessRule, SourceConfig
from clawdbot.errors import KnowledgeError
from clawdbot.knowledge.library import Library
from tests.knowledge.library.writing import COLLECTION, live_texts, put

ANNA = Identity(user="anna", groups=frozenset({"hr"}))
BEN = Identity(user="ben")

OPEN = SourceConfig(paths=("/docs",), owner="Office")
WITH_HR = OPEN.model_copy(
    update={
        "rules": (
            AccessRule(match="hr/**", access=("group:hr",), label="confidential", owner="HR"),
            AccessRule(match="hr/open/*.md", access=("everyone",)),
            AccessRule(match="**/vault.*", access=()),
        )
    }
)


@pytest.fixture
def house(shelf: Library) -> Library:
    """Documents under four different rules."""
    shelf.put_source("docs", WITH_HR, "command")
    for name in ("plan.md", "hr/pay.md", "hr/open/leave.md", "hr/open/vault.md", "vault.txt"):
        put(shelf, name, f"text of {name}")
    return shelf


def seen(library: Library, who: Identity) -> set[str]:
    """The documents whose chunks this user gets."""
    every = [entry.chunk for batch in library.live(COLLECTION, 100) for entry in batch]
    return {chunk.document for chunk in library.passages(every, who).values()}


def test_the_last_rule_that_matches_counts(house: Library) -> None:
    scope = house.scope_for("docs", "hr/pay.md")
    assert (scope.pattern, scope.access, scope.label, scope.owner) == ("hr/**", ("group:hr",), "confidential", "HR")
    assert house.scope_for("docs", "hr/open/leave.md").owner == "Office", "what a rule leaves out is the source's"
    assert house.scope_for("docs", "deep/er/vault.x").access == ()
    assert house.scope_for("docs", "plan.md").pattern == ""
    with pytest.raises(KnowledgeError, match="no source 'dox'"):
        house.scope_for("dox", "plan.md")


def test_each_sees_what_the_lists_allow(house: Library) -> None:
    assert seen(house, ANNA) == {"plan.md", "hr/pay.md", "hr/open/leave.md"}
    assert seen(house, BEN) == {"plan.md", "hr/open/leave.md"}
    assert house.visible_documents(ANNA) == 3 and house.visible_documents(BEN) == 2
    assert house.visible_documents(ANNA, ["other"]) == 0
    assert {one.name for one in house.documents(identity=BEN)} == {"plan.md", "hr/open/leave.md"}
    assert house.visible(BEN).isdisjoint(house.scopes_hidden(BEN))
    assert house.visible(BEN) | house.scopes_hidden(BEN) == {scope.id for scope in house.scopes()}
    assert house.visible(BEN, ["other"]) == house.scopes_hidden(BEN, ["other"]) == frozenset()


def test_a_changed_list_counts_at_once_and_touches_no_chunk(house: Library) -> None:
    head = house.head()
    narrow = WITH_HR.model_copy(update={"access": ("user:anna",)})
    house.put_source("docs", narrow, "command")
    assert seen(house, BEN) == {"hr/open/leave.md"} and house.head() == head


def test_a_new_rule_moves_documents_and_tells_the_indexes(house: Library) -> None:
    house.put_source("docs", OPEN, "command")
    assert seen(house, BEN) == {"plan.md", "hr/pay.md", "hr/open/leave.md", "hr/open/vault.md", "vault.txt"}
    assert len(house.scopes()) == 1, "scopes of rules that are gone are gone"
    head = house.head()
    house.put_source("docs", WITH_HR, "command")
    assert seen(house, BEN) == {"plan.md", "hr/open/leave.md"}
    moved = house.changes(head, 100)
    entries = house.entries([change.chunk for change in moved], COLLECTION)
    assert {change.kind for change in moved} == {"add"} and len(entries) == 4
    assert {entry.scope for entry in entries} == {scope.id for scope in house.scopes() if scope.position}


def test_an_old_version_is_not_given_to_anybody_by_search(house: Library) -> None:
    old = [entry.chunk for batch in house.live(COLLECTION, 100) for entry in batch]
    put(house, "plan.md", "a new plan", mark="2")
    assert "text of plan.md" not in {chunk.text for chunk in house.passages(old, ANNA).values()}
    assert "text of plan.md" in {chunk.text for chunk in house.passages(old).values()}


def test_rules_of_one_pattern_count_where_the_last_stands(shelf: Library) -> None:
    rules = (
        AccessRule(match="a/**", access=("user:one",)),
        AccessRule(match="a/b/**", access=("user:two",)),
        AccessRule(match="a/**", access=("user:three",)),
    )
    shelf.put_source("docs", OPEN.model_copy(update={"rules": rules}), "command")
    assert shelf.scope_for("docs", "a/b/c.md").access == ("user:three",)
    with pytest.raises(KnowledgeError, match="empty match"):
        shelf.put_source("docs", OPEN.model_copy(update={"rules": (AccessRule(match="", access=()),)}), "command")


def test_sources_are_listed_dropped_and_keep_apart_who_named_them(house: Library) -> None:
    house.put_source("site", SourceConfig(kind="web", urls=("https://x.example",)), "config")
    listed = house.sources()
    assert [(one.name, one.origin, one.config.kind) for one in listed] == [
        ("docs", "command", "files"), ("site", "config", "web"),
    ]  # fmt: skip
    assert listed[0].config == WITH_HR
    with pytest.raises(KnowledgeError, match="configuration file, which wins"):
        house.put_source("site", OPEN, "command")
    with pytest.raises(KnowledgeError, match=r"added by a command.*knowledge remove docs"):
        house.put_source("docs", OPEN, "config")
    with pytest.raises(KnowledgeError, match="1 to 80 characters"):
        house.put_source("x" * 81, OPEN, "config")
    assert house.drop_source("docs") == 5
    assert live_texts(house) == [] and [one.name for one in house.sources()] == ["site"]
    assert {change.kind for change in house.changes(0, 100)} == {"remove"}
    for unknown in (house.drop_source, house.source_checked):
        with pytest.raises(KnowledgeError, match="no source 'docs'"):
            unknown("docs")


PRINCIPALS = st.sampled_from(["everyone", "user:u0", "user:u1", "group:g0", "group:g1"])
LISTS = st.lists(PRINCIPALS, max_size=2).map(tuple)
NAMES = st.sampled_from(["a", "a/x", "a/y", "b/x", "b/a/x", "c"])
RULES = st.lists(
    st.builds(AccessRule, match=st.sampled_from(["a/**", "**/x", "*", "b/*", "**"]), access=LISTS), max_size=4
).map(tuple)
CONFIGS = st.builds(SourceConfig, access=LISTS, rules=RULES)
WHO = st.builds(
    Identity,
    user=st.sampled_from(["u0", "u1", "u2"]),
    groups=st.frozensets(st.sampled_from(["g0", "g1"])),
)


def allowed(config: SourceConfig, name: str, who: Identity) -> bool:
    """What the settings say in words: the last rule that matches, else the source's own list."""
    access = config.access
    for rule in config.rules:
        fits = {
            "a/**": name.startswith("a/"),
            "**/x": name.split("/")[-1] == "x",
            "*": "/" not in name,
            "b/*": name.startswith("b/") and name.count("/") == 1,
            "**": True,
        }
        access = rule.access if fits[rule.match] else access
    return who.may_see(access)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(configs=st.lists(CONFIGS, min_size=1, max_size=3), names=st.sets(NAMES, min_size=1), who=WHO)
def test_whatever_the_rules_were_before_only_those_of_now_count(
    sqlite_library: Library, configs: list[SourceConfig], names: set[str], who: Identity
) -> None:
    library = sqlite_library
    left = sorted(names)
    for config in configs:
        library.put_source("docs", config, "config")
        if left:
            put(library, left.pop(), "text")
    there = names - set(left)
    may = {name for name in there if allowed(configs[-1], name, who)}
    assert seen(library, who) == may and library.visible_documents(who) == len(may)
    scopes = {entry.chunk: entry.scope for batch in library.live(COLLECTION, 10) for entry in batch}
    visible = library.visible(who)
    assert {chunk.document for chunk in library.passages(scopes).values() if scopes[chunk.id] in visible} == may
    library.drop_source("docs")
