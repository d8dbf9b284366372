"""The configuration file: found, overridden, resolved, and wrong in every way that a person can be."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from clawdbot.config import Config
from clawdbot.config_file import find, load
from clawdbot.errors import ConfigError

ROUTES = "[models.local]\nprovider = 'ollama'\n[models.cloud]\nprovider = 'openai'\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "clawdbot.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_file_says_the_defaults(root: Path) -> None:
    assert load(root / "clawdbot.toml", environ={}) == Config()


def test_the_examples_of_the_shipped_file_load_when_uncommented(root: Path, tmp_path: Path) -> None:
    text = (root / "clawdbot.toml").read_text("utf-8")
    example = re.compile(r'^# (?=\[{1,2}[\w.]+\]{1,2}|[\w]+ = |"[\w.]+" = )', re.MULTILINE)
    found = load(written(tmp_path, example.sub("", text)), environ={})
    assert set(found.models) == {"local", "embedded", "company"}
    assert found.databases["sales"].measures["revenue"].aggregate == "sum"
    assert found.mail.sign_cert == tmp_path / "certs" / "me.pem"
    assert found.router.rule[0].when.user == ("anna", "group:finance")
    assert found.router.intents["analysis"].quality == 2.0
    price = found.models["company"].price
    assert price is not None and str(price.cached_input_usd) == "0.075"


def test_without_a_file_there_are_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find() is None
    assert load(environ={}) == Config()


def test_the_working_directory_comes_before_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    (home / ".clawdbot").mkdir(parents=True)
    work.mkdir()
    written(home / ".clawdbot", '[report]\nauthor = "home"')
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    assert load(environ={}).report.author == "home"
    written(work, '[report]\nauthor = "work"')
    assert load(environ={}).report.author == "work"
    other = tmp_path / "other.toml"
    other.write_text('[report]\nauthor = "named"')
    assert load(other, environ={}).report.author == "named"


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    text = """
        [app]
        home = "home"
        [databases.a]
        url = "sqlite:///a.sqlite?timeout=3"
        [databases.b]
        url = "sqlite:////abs/b.sqlite"
        [mail]
        ca_file = ""
        password_file = "~/secret"
        [tools]
        paths = ["tools", "/opt/tools"]
    """
    found = load(written(tmp_path, text), environ={})
    assert found.app.home == tmp_path / "home"
    assert found.databases["a"].url == f"sqlite:///{tmp_path}/a.sqlite?timeout=3"
    assert found.databases["b"].url == "sqlite:////abs/b.sqlite"
    assert found.mail.ca_file is None
    assert found.mail.password_file == Path("~/secret").expanduser()
    assert found.tools.paths == (tmp_path / "tools", Path("/opt/tools"))


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.toml"
    path.write_bytes(b"\xef\xbb\xbf[report]\nauthor = 'x'\n")
    assert load(path, environ={}).report.author == "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[mail]\nprot = 3", "[mail] has no key 'prot'. Did you mean 'port' in [mail]?"),
        ("[mial]\nport = 3", "there is no section [mial]. Did you mean [mail]?"),
        ("[mail]\nmax_steps = 3", "[mail] has no key 'max_steps'. 'max_steps' is a key of [planner]."),
        ("[app]\nzzzz = 3", "[app] has no key 'zzzz'. Known there: home, timezone, language, today."),
        ("[databases.x]\nulr = 'a'", "[databases.x] has no key 'ulr'."),
        ("[databases.x]\nlabel = 'public'", "[databases.x] lacks 'url'. Add url = ... below [databases.x]."),
        ("[mail]\nport = 'smtp'", "[mail] port must be a whole number, not 'smtp'."),
        ("[mail]\nport = 70000", "[mail] port must be at most 65535, not 70000."),
        ("[mail]\nallow_recipients = 'a@b.c'", '[mail] allow_recipients must be a list: ["a", "b"], not'),
        ("[mail]\nfrom = 3", "[mail] from must be text in quotes, not 3."),
        ("[models.x]\nprovider = 'olama'", "[models.x] provider must be one of 'llamacpp', 'ollama'"),
        ("[planner]\ndeadline_s = 0", "[planner] deadline_s must be more than 0, not 0."),
        ("mail = 3", "[mail] must be a section of its own."),
        (
            "[router]\norder = ['q']\n[models.a]\nprovider = 'ollama'",
            "router.order names 'q', which is not in [models]",
        ),
        (ROUTES + "[router]\norder = ['local', 'local']", "router.order names 'local' twice. Leave one of them."),
        (
            ROUTES + "[[router.rule]]\nname = 'r'\nallow = ['lokal']",
            "the [[router.rule]] 'r' names 'lokal' in allow, which is not in [models]. Did you mean 'local'?",
        ),
        (
            ROUTES + "[router]\norder = ['local']\n[[router.rule]]\nstart = 'cloud'",
            "the [[router.rule]] 1 names 'cloud' in start, to which no step may go. Add 'cloud' to [router] order.",
        ),
        (
            ROUTES + "[[router.rule]]\nname = 'r'\nallow = ['local']\nstart = 'cloud'",
            "the [[router.rule]] 'r' starts with 'cloud', which it does not allow. Add 'cloud' to its allow.",
        ),
        (ROUTES + "[[router.rule]]\ndeny = ['cloud']\nstart = 'cloud'", "which it does not allow"),
        (ROUTES + "[[router.rule]]\nallow = ['cloud']\ndeny = ['cloud']", "denies everything that it allows"),
        (ROUTES + "[[router.rule]]\nwhen = { kind = ['sql'] }", "without a name does nothing. Give it allow"),
        (
            ROUTES + "[[router.rule]]\ndeny = ['local']\nwhen = { kind = ['sq'] }",
            "[router.rule.when] kind must be one of",
        ),
        (
            ROUTES + "[[router.rule]]\ndeny = ['local']\nwhen = { user = ['group:finanz'] }\n[groups]\nfinance = []",
            "names the group 'finanz', which is not in [groups]. Did you mean 'finance'?",
        ),
        (
            ROUTES + "[[router.rule]]\ndeny = ['local']\nwhen = { label_from = 'secret', label_to = 'public' }",
            "has label_from above label_to, so it never fires",
        ),
        (
            ROUTES + "[[router.rule]]\ndeny = ['local']\nwhen = { tokens_from = 9, tokens_to = 8 }",
            "has tokens_from above tokens_to",
        ),
        (
            ROUTES + "[[router.rule]]\nname = 'r'\ndeny = ['local']\n[[router.rule]]\nname = 'r'\nstart = 'local'",
            "two [[router.rule]] have the name 'r'",
        ),
        ("[models.a]\nprovider = 'ollama'\nprice = { as_of = 'May' }", "as_of = 'May' of a price is no date."),
        ("[router.intents.date]\nprice = 1", "[router.intents] date must be one of 'data', 'question'"),
        ("[cache]\nkinds = ['serch']", "[cache] kinds must be one of 'brief', 'plan'"),
        ("[cache]\nkinds = ['serch']", "not 'serch'. Did you mean 'search'?"),
        ("[mail]\nhost = smtp", "line 2 is not valid TOML"),
        ("[mail]\n[mail]", "line 2 is not valid TOML"),
        ("[mail]\nhost = 'a", "clawdbot.toml"),
    ],
)
def test_a_mistake_is_named_with_its_cure(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path, environ={})
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)
    assert caught.value.hint
    assert "pydantic" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no configuration file .*clawdbot init"):
        load(tmp_path / "absent.toml", environ={})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, environ={})
    latin = tmp_path / "latin.toml"
    latin.write_bytes("[report]\nauthor = 'é'".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(latin, environ={})


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    text = "[mail]\nport = 25\ncontacts = { a = 'a@b.c' }\n[models.my-local]\nprovider = 'ollama'"
    environ = {
        "CLAWDBOT_MAIL__PORT": "2525",
        "CLAWDBOT_MAIL__FROM": "Bot <bot@example.com>",
        "CLAWDBOT_MAIL__CONTACTS__FINANCE": "finance@example.com",
        "CLAWDBOT_MODELS__MY_LOCAL__BASE_URL": "http://127.0.0.1:1",
        "CLAWDBOT_MODELS__MY_LOCAL__OPTIONS__TOP_K": "3",
        "CLAWDBOT_MODELS__NEW__PROVIDER": "llamacpp",
        "CLAWDBOT_TOOLS__ENABLE": '["sql"]',
        "CLAWDBOT_APP__HOME": "~/elsewhere",
        "CLAWDBOT_BUDGET__TASK_USD": "0.5",
        "CLAWDBOT_MAIL__CA_FILE": "",
        "CLAWDBOT_TEX": "skip",
        "PATH": "/bin",
    }
    found = load(written(tmp_path, text), environ=environ)
    assert (found.mail.port, found.mail.from_) == (2525, "Bot <bot@example.com>")
    assert found.mail.contacts == {"a": "a@b.c", "finance": "finance@example.com"}
    assert found.models["my-local"].base_url == "http://127.0.0.1:1"
    assert found.models["my-local"].options == {"top_k": 3}
    assert found.models["new"].provider == "llamacpp"
    assert found.tools.enable == ("sql",)
    assert found.app.home == Path("~/elsewhere").expanduser()
    assert str(found.budget.task_usd) == "0.5"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CLAWDBOT_MAIL__PROT", "1", "Did you mean CLAWDBOT_MAIL__PORT?"),
        ("CLAWDBOT_MAYL__PORT", "1", "Did you mean CLAWDBOT_MAIL__PORT?"),
        ("CLAWDBOT_APP_HOME", "/x", "two underscores: CLAWDBOT_APP__HOME"),
        ("CLAWDBOT_MAIL__PORT__X", "1", "means no configuration key"),
        ("CLAWDBOT_MAIL__PORT", "many", "CLAWDBOT_MAIL__PORT: [mail] port must be a whole number"),
        ("CLAWDBOT_TOOLS__ENABLE", "sql", 'A list is written as ["a", "b"].'),
        ("CLAWDBOT_MAIL__CONTACTS", "x", 'A table is written as {"name": "value"}.'),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ={variable: value})
    assert variable in str(caught.value)
    assert said in str(caught.value)


def test_the_shipped_file_is_readable_in_an_editor(root: Path) -> None:
    lines = (root / "clawdbot.toml").read_text("utf-8").splitlines()
    assert max(len(line) for line in lines) <= 125
    assert tomllib.loads("\n".join(lines))
