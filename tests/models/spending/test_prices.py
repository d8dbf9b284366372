"""Which price counts, where it comes from, and what is said of an old or an unknown one."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from clawdbot.config import ModelConfig, PriceConfig
from clawdbot.models.spending.price import FREE
from clawdbot.models.spending.prices import PriceFound, price_of

TODAY = date(2026, 11, 21)
D = Decimal


def found(*, cloud: bool = True, today: date = TODAY, provider: str = "openai", **settings: Any) -> PriceFound:
    config = ModelConfig.model_validate({"provider": provider, **settings})
    return price_of("mine", config, cloud=cloud, today=today)


def test_a_local_model_is_free() -> None:
    assert found(cloud=False, provider="ollama", model="qwen3") == PriceFound(price=FREE)


@pytest.mark.parametrize("cloud", [True, False])
def test_the_operators_price_comes_first(cloud: bool) -> None:
    own = PriceConfig(
        input_usd=D("1"), output_usd=D("2"), cached_input_usd=D("0.1"), request_usd=D("0.001"), as_of="2026-11-01"
    )
    got = found(cloud=cloud, model="gpt-4o", price=own)
    assert got.price is not None and got.warning == ""
    assert (got.price.source, got.price.as_of) == ("configured", "2026-11-01")
    cost = got.price.of(prompt_tokens=1_000_000, completion_tokens=500_000, cached_tokens=400_000)
    assert cost == D("0.6") + D("0.04") + D("1") + D("0.001")


def test_the_catalogue_knows_cloud_models_by_provider() -> None:
    got = found(model="gpt-4o")
    assert got.price is not None and got.warning == ""
    assert got.price.source == "catalogue" and date.fromisoformat(got.price.as_of) <= TODAY
    assert got.price.output_usd > got.price.input_usd > 0
    assert got.price.cached_input_usd is not None and got.price.cached_input_usd < got.price.input_usd
    assert found(model="gpt-4o", base_url="https://api.openai.com/v1") == got


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("langchain_anthropic:ChatAnthropic", "claude-sonnet-4-5"),
        ("langchain_google_genai:ChatGoogleGenerativeAI", "gemini-2.5-pro"),
        ("langchain_mistralai.chat_models:ChatMistralAI", "mistral-large-latest"),
    ],
)
def test_langchain_models_are_found_by_their_package(path: str, model: str) -> None:
    got = found(provider="langchain", model=path, options={"model": model})
    assert got.price is not None and got.price.input_usd > 0


def test_the_dearest_hour_of_the_day_counts() -> None:
    got = found(model="deepseek-chat", base_url="https://api.deepseek.com/v1")
    assert got.price is not None
    assert (got.price.input_usd, got.price.output_usd) == (D("0.27"), D("1.1")), "not the price of the night"


def test_the_price_of_long_prompts_counts_only_where_they_fit() -> None:
    short, long = (found(model="gemini-2.5-pro", provider="langchain", context=context, options={
        "model": "gemini-2.5-pro", "base_url": "https://generativelanguage.googleapis.com"}).price
        for context in (8192, 1_000_000))  # fmt: skip
    assert short is not None and long is not None
    assert long.input_usd > short.input_usd and long.output_usd > short.output_usd


def test_a_dearer_way_to_be_served_has_its_own_price() -> None:
    flex, standard = found(model="o3", options={"service_tier": "flex"}).price, found(model="o3").price
    assert flex is not None and standard is not None and flex.input_usd < standard.input_usd


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "no-such-model"},
        {"model": ""},
        {"model": "gpt-4o", "base_url": "https://llm.corp.example/v1"},
        {"model": "text-embedding-3-small"},
        {"provider": "langchain", "model": "corp.models:Chat", "options": {"model": "gpt-4o"}},
        {"provider": "ollama", "model": "gpt-oss:120b-cloud"},
    ],
)
def test_an_unknown_price_is_none_and_says_what_to_set(settings: dict[str, Any]) -> None:
    got = found(**settings)
    assert got.price is None
    assert "[models.mine.price]" in got.warning and "input_usd" in got.warning
    assert settings.get("base_url", "") in got.warning


@pytest.mark.parametrize(("as_of", "warns"), [("2026-05-25", False), ("2026-05-24", True), ("", False)])
def test_an_old_price_of_the_operator_warns(as_of: str, warns: bool) -> None:
    got = found(model="x", price=PriceConfig(input_usd=D(1), as_of=as_of))
    assert got.price is not None and bool(got.warning) == warns
    assert not warns or ("181 days" in got.warning and "set as_of" in got.warning)


def test_an_old_catalogue_warns() -> None:
    got = found(model="gpt-4o", today=date(2028, 1, 1))
    assert got.price is not None and "genai-prices" in got.warning and "[models.mine.price]" in got.warning


def test_local_runs_do_not_load_the_catalogue_and_nothing_ever_asks_a_network() -> None:
    script = """
import sys
from datetime import date
from clawdbot.config import ModelConfig
from clawdbot.models.spending.prices import price_of
def hook(event, _):
    if event.startswith("socket."):
        raise SystemExit(f"{event} was called")
sys.addaudithook(hook)
today = date(2026, 11, 21)
price_of("small", ModelConfig(provider="llamacpp"), cloud=False, today=today)
print("genai_prices" in sys.modules, price_of("big", ModelConfig(provider="openai", model="gpt-4o"), cloud=True,
      today=today).price is not None)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr
