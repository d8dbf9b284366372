"""Typed configuration: one TOML file, environment overrides, secrets by reference.

Sections and keys are contracts (see ``clawdbot.toml``, where every key is documented).  Loading, overrides
and error wording live in :mod:`clawdbot.config_file`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Label = Literal["public", "internal", "confidential", "secret"]
"""Sensitivity of data, least first."""

LABELS: tuple[Label, ...] = ("public", "internal", "confidential", "secret")


def _expand(value: Any) -> Any:
    return Path(value).expanduser() if isinstance(value, str) and value else value


UserPath = Annotated[Path, BeforeValidator(_expand)]


class WrongValue(ValueError):
    """A value that cannot be used, and what to write in its place."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Section(BaseModel):
    """A TOML table: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AppConfig(Section):
    home: UserPath = Field(Path("~/.clawdbot").expanduser(), description="Runs, models and the ledger live here.")
    timezone: str = Field("local", description="IANA name; 'local' is the machine's zone.")
    language: Literal["auto", "zh", "en"] = Field("auto", description="'auto' answers in the goal's language.")
    today: str = Field("", description="ISO date taken as today; empty is the real date (for demos and replays).")


StepKind = Literal["brief", "plan", "sql", "chart", "report", "mail", "search", "summarise", "verify", "final"]
"""What a reasoning step is for."""

Intent = Literal["data", "question", "writing", "analysis", "code", "other"]
"""What a goal is for."""

PersonalKind = Literal["resident_id", "credit_code", "phone", "bank_card", "mail_address", "passport", "secret", "word"]
"""What masking looks for; ``secret`` is a key or token, ``word`` one that the operator configured."""


class PriceConfig(Section):
    input_usd: Decimal = Field(Decimal(0), ge=0, description="US dollars for a million prompt tokens.")
    output_usd: Decimal = Field(Decimal(0), ge=0, description="US dollars for a million completion tokens.")
    cached_input_usd: Decimal | None = Field(None, ge=0, description="For cached prompt tokens; unset: input_usd.")
    request_usd: Decimal = Field(Decimal(0), ge=0, description="US dollars for each request.")
    as_of: str = Field("", description="ISO date of the price; an old one warns.")

    @model_validator(mode="after")
    def _as_of_is_a_date(self) -> PriceConfig:
        try:
            _ = self.as_of and date.fromisoformat(self.as_of)
        except ValueError:
            raise WrongValue(f"as_of = {self.as_of!r} of a price is no date", hint="Write it as 2026-01-31.") from None
        return self


class ModelConfig(Section):
    provider: Literal["llamacpp", "ollama", "openai", "langchain"]
    model: str = Field("", description="Catalogue name, Ollama tag, API model name or langchain import path.")
    base_url: str = Field("", description="Server address for 'ollama' and 'openai'.")
    path: UserPath | None = Field(None, description="A GGUF file, for 'llamacpp'; overrides the catalogue name.")
    context: int = Field(8192, ge=1024, description="Context window in tokens.")
    threads: int = Field(0, ge=0, description="Threads for 'llamacpp'; 0 is one for each core.")
    timeout_s: float = Field(300.0, gt=0, description="Limit for one answer, seconds.")
    temperature: float = Field(0.0, ge=0, le=2)
    api_key_env: str = Field("", description="Environment variable that holds the key.")
    api_key_file: UserPath | None = Field(None, description="File that holds the key.")
    price: PriceConfig | None = Field(None, description="Absent means free (local models).")
    cloud: bool | None = Field(None, description="Data leaves the machine; unset is derived from the provider.")
    concurrency: int = Field(0, ge=0, description="Calls at once; 0: 1 embedded, 2 Ollama, 8 others.")
    queue_s: float = Field(60.0, gt=0, description="A call that waited so long for its turn goes elsewhere.")
    connect_timeout_s: float = Field(10.0, gt=0, description="Limit for reaching the server, seconds.")
    first_token_timeout_s: float = Field(120.0, gt=0, description="Limit until an answer begins, seconds.")
    stall_timeout_s: float = Field(60.0, gt=0, description="Limit between two pieces of an answer, seconds.")
    options: dict[str, Any] = Field(default_factory=dict, description="Passed on to the provider as it is.")


class RuleWhen(Section):
    """What a step must be for a rule to fire; every key that is set must hold."""

    kind: tuple[StepKind, ...] = ()
    intent: tuple[Intent, ...] = ()
    user: tuple[str, ...] = Field((), description="Users, or 'group:NAME'.")
    label_from: Label | None = Field(None, description="The step's label is at least this.")
    label_to: Label | None = Field(None, description="The step's label is at most this.")
    tokens_from: int | None = Field(None, ge=0, description="The prompt has at least so many tokens.")
    tokens_to: int | None = Field(None, ge=0, description="The prompt has at most so many tokens.")
    attempt_from: int | None = Field(None, ge=1, description="From this attempt at the step on.")

    @model_validator(mode="after")
    def _ranges_hold_something(self) -> RuleWhen:
        low, high = (None if label is None else LABELS.index(label) for label in (self.label_from, self.label_to))
        for key, start, end in (("label", low, high), ("tokens", self.tokens_from, self.tokens_to)):
            if start is not None and end is not None and start > end:
                raise WrongValue(
                    f"a [[router.rule]] has {key}_from above {key}_to, so it never fires", hint="Exchange the two."
                )
        return self


class RouterRule(Section):
    """An operator's rule; the models are names in [models]."""

    name: str = Field("", description="Shown in explanations; unset: its number.")
    when: RuleWhen = RuleWhen()
    allow: tuple[str, ...] = Field((), description="Only these; empty is all.")
    deny: tuple[str, ...] = ()
    start: str = Field("", description="Begin with this one, when it may serve.")

    @model_validator(mode="after")
    def _can_be_followed(self) -> RouterRule:
        which = f"the [[router.rule]] {self.name!r}" if self.name else "a [[router.rule]] without a name"
        if not (self.allow or self.deny or self.start):
            raise WrongValue(f"{which} does nothing", hint="Give it allow, deny or start, or remove it.")
        if self.start and (self.start in self.deny or (self.allow and self.start not in self.allow)):
            raise WrongValue(
                f"{which} starts with {self.start!r}, which it does not allow", hint=f"Add {self.start!r} to its allow."
            )
        if self.allow and set(self.allow) <= set(self.deny):
            raise WrongValue(f"{which} denies everything that it allows", hint="Leave a model in allow.")
        return self


class WeightsConfig(Section):
    """How much each part of the expected cost counts."""

    price: float = Field(1.0, ge=0)
    latency: float = Field(1.0, ge=0)
    quality: float = Field(1.0, ge=0, description="Of a failed attempt and what follows it.")


class HealthConfig(Section):
    """When a model is left alone for a while."""

    failures: int = Field(5, ge=1, description="Failed or slow calls among the last ones that open the breaker.")
    window: int = Field(10, ge=1, description="How many last calls count.")
    slow_s: float = Field(120.0, gt=0, description="A call that takes longer counts as slow.")
    open_s: float = Field(30.0, gt=0, description="Seconds until one call tries again.")


class RetriesConfig(Section):
    """The one owner of repeated calls."""

    attempts: int = Field(3, ge=1, description="Calls of one model for one answer, the first too.")
    wait_max_s: float = Field(20.0, gt=0, description="Most seconds between two of them, unless the server says more.")
    budget: float = Field(0.2, ge=0, description="Repeated calls that all runs together may add, as a share.")


class RouterConfig(Section):
    order: tuple[str, ...] = Field((), description="Models a step may go to, cheapest first; empty: all of [models].")
    cloud_max_label: Label = Field("public", description="Data above this label never reaches a cloud model.")
    escalate_after: int = Field(1, ge=0, description="Repairs by the same model before the next one is tried.")
    second_usd: float = Field(0.0002, ge=0, description="What a second of waiting is worth, US dollars.")
    failure_usd: float = Field(0.25, ge=0, description="What a step that fails for good costs, US dollars.")
    unnoticed: float = Field(0.1, ge=0, le=0.9, description="Share of wrong answers that no check notices.")
    weights: WeightsConfig = WeightsConfig()
    intents: dict[Intent, WeightsConfig] = Field(default_factory=dict, description="Other weights for an intent.")
    rule: tuple[RouterRule, ...] = ()
    health: HealthConfig = HealthConfig()
    retries: RetriesConfig = RetriesConfig()


class MaskingConfig(Section):
    """What is replaced before a prompt leaves for a cloud model."""

    enabled: bool = True
    kinds: tuple[PersonalKind, ...] = get_args(PersonalKind)
    words: tuple[str, ...] = Field((), description="Names and words that must not leave, any language.")


class CacheConfig(Section):
    """Answers kept for steps that only read."""

    kinds: tuple[StepKind, ...] = Field((), description="Kinds of steps whose answers are kept; empty is none.")
    fresh_s: float = Field(0.0, ge=0, description="An answer not older than this is given again.")
    stale_s: float = Field(
        604_800.0, ge=0, description="One not older than this helps when no model may or can answer."
    )


class BudgetConfig(Section):
    step_usd: Decimal | None = Field(None, ge=0, description="Most that one step may spend; unset is no limit.")
    task_usd: Decimal | None = Field(None, ge=0, description="Most that one run may spend; unset is no limit.")
    user_day_usd: Decimal | None = Field(None, ge=0, description="Most that one user may spend in a day.")
    day_usd: Decimal | None = Field(None, ge=0, description="Most that everybody together may spend in a day.")
    on_stop: tuple[Literal["local", "cache", "ask", "partial"], ...] = Field(
        ("local", "cache", "partial"), description="What to do when money is used up, in this order."
    )
    task_tokens: int = Field(200_000, ge=1000, description="Most tokens (prompt and completion) of one run.")


class MeasureConfig(Section):
    """A named business measure, for example revenue, as an SQL expression over one table's columns."""

    expression: str = Field(description="SQL over columns written Table.Column, without the aggregate.")
    aggregate: Literal["sum", "avg", "min", "max", "count"] = "sum"
    description: str = ""
    words: tuple[str, ...] = Field((), description="Words in a goal that mean this measure, any language.")


class DatabaseConfig(Section):
    url: str = Field(description="SQLAlchemy URL. A password may stand in it as {password}.")
    description: str = ""
    tables: tuple[str, ...] = Field((), description="Tables and views that may be read; empty is all.")
    label: Label = "internal"
    password_env: str = ""
    password_file: UserPath | None = None
    max_rows: int = Field(10_000, ge=1, description="Rows kept from one query.")
    max_bytes: int = Field(32_000_000, ge=1000, description="Bytes kept from one query.")
    timeout_s: float = Field(20.0, gt=0, description="Limit for one query, seconds.")
    date_column: str = Field("", description="Table.Column that periods refer to when a goal names none.")
    measures: dict[str, MeasureConfig] = Field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Table or Table.Column -> words in a goal that mean it, any language."
    )


class MailConfig(Section):
    host: str = ""
    port: int = Field(587, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    password_env: str = ""
    password_file: UserPath | None = None
    from_: str = Field("", alias="from", description="Sender, 'Name <address>'.")
    allow_recipients: tuple[str, ...] = Field((), description="Addresses or *@domain that need no approval.")
    contacts: dict[str, str] = Field(
        default_factory=dict, description="Name or role in a goal -> address, for example 财务 or finance."
    )
    ca_file: UserPath | None = Field(None, description="Extra certificate authority (PEM) for the server.")
    sign_cert: UserPath | None = Field(None, description="S/MIME certificate (PEM) of the sender.")
    sign_key: UserPath | None = Field(None, description="Private key (PEM) of the sender.")
    sign_key_password_env: str = ""
    recipient_certs: UserPath | None = Field(None, description="Folder of ADDRESS.pem: all mail is encrypted.")
    timeout_s: float = Field(30.0, gt=0)
    max_bytes: int = Field(20_000_000, ge=1000, description="Most bytes of one mail with its attachments.")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ReportConfig(Section):
    engine: Literal["auto", "xelatex", "pdflatex"] = "auto"
    template: str = Field("report", description="Template name.")
    templates: UserPath | None = Field(None, description="Folder of your own templates, NAME.tex.j2.")
    author: str = ""
    timeout_s: float = Field(60.0, gt=0)


class PlannerConfig(Section):
    max_steps: int = Field(16, ge=1, le=200)
    deadline_s: float = Field(900.0, gt=0, description="Limit for a whole run, seconds.")
    free_sql: Literal["fallback", "choice"] = Field(
        "fallback", description="Offer free SQL once the typed query failed, or let the model choose from the start."
    )


class StoreConfig(Section):
    url: str = Field("", description="SQLAlchemy URL of the run ledger; empty is SQLite in [app] home.")
    keep_days: int = Field(90, ge=0, description="Ended runs are removed after so many days; 0 keeps them.")


class WorkerConfig(Section):
    slots: int = Field(2, ge=1, description="Runs at once in one worker.")
    everybody: int = Field(0, ge=0, description="Most runs at once of all workers together; 0 is no limit.")
    per_user: int = Field(0, ge=0, description="Most runs at once of one user; 0 is no limit.")
    lease_s: float = Field(15.0, ge=0.5, description="A worker that is silent for so long loses its runs to others.")
    poll_s: float = Field(0.5, gt=0, description="Seconds between looks into the queue while there is nothing to do.")
    drain_s: float = Field(60.0, ge=0, description="On SIGTERM runs may end within this time, then they are put back.")
    crashes: int = Field(5, ge=1, description="A run that took down its worker so often without progress has failed.")


class ApprovalsConfig(Section):
    require: tuple[str, ...] = Field((), description="Tools whose every call a person must approve.")
    over_usd: Decimal | None = Field(None, ge=0, description="From this cost of a run on, external effects are asked.")
    expire_s: float = Field(604_800.0, ge=0, description="A question without an answer expires; 0 never.")


class WorkflowsConfig(Section):
    paths: tuple[UserPath, ...] = Field((), description="Folders of workflow files, besides 'workflows' in [app] home.")
    late_s: float = Field(60.0, gt=0, description="A start later than this is told as late.")


NoticeKind = Literal["failed", "done", "waiting", "missed", "late", "unknown", "expired"]
"""What people are told of."""


class NotifyConfig(Section):
    on: tuple[NoticeKind, ...] = Field(
        ("failed", "waiting", "missed", "late", "unknown", "expired"), description="Of scheduled and queued runs."
    )
    mail: tuple[str, ...] = Field((), description="Addresses that are written to; [mail] must be set.")
    webhook: str = Field("", description="URL that gets each notice as JSON by POST.")
    webhook_secret_env: str = Field("", description="Environment variable with the key that signs what is posted.")


class ToolsConfig(Section):
    enable: tuple[str, ...] = Field(
        ("query", "sql", "chart", "report", "mail", "export", "search_knowledge", "quote"),
        description="Installed is not enabled: names that may be used.",
    )
    paths: tuple[UserPath, ...] = Field((), description="Folders of plain Python files with tools.")
    trusted: tuple[str, ...] = Field((), description="Tools with effect 'external' that need no approval.")
    timeout_s: float = Field(120.0, gt=0, description="Limit for one tool call, seconds.")


class AccessRule(Section):
    """Documents of a source that other people may see than its own list says; the last rule that matches counts."""

    match: str = Field(description="Glob over the document's name in the source, for example 'hr/**'.")
    access: tuple[str, ...] = Field(description="'everyone', 'user:NAME', 'group:NAME'; empty lets nobody in.")
    owner: str = Field("", description="Empty is the source's owner.")
    label: Label | None = Field(None, description="Unset is the source's label.")


class SourceConfig(Section):
    """Where documents come from, and who may see them."""

    kind: Literal["files", "web", "imap", "sql"] = "files"
    paths: tuple[str, ...] = Field((), description="files: folders, globs ('~/docs/**/*.pdf') and single files.")
    exclude: tuple[str, ...] = Field((), description="files: globs over names in the folder that are left out.")
    urls: tuple[str, ...] = Field((), description="web: pages to fetch; nothing is followed.")
    host: str = Field("", description="imap: server.")
    port: int = Field(993, ge=1, le=65535, description="imap: port.")
    security: Literal["none", "starttls", "tls"] = Field("tls", description="imap: how the connection is secured.")
    username: str = ""
    password_env: str = ""
    password_file: UserPath | None = None
    ca_file: UserPath | None = Field(None, description="imap, web: extra certificate authority (PEM).")
    folder: str = Field("INBOX", description="imap: mailbox folder.")
    database: str = Field("", description="sql: name in [databases].")
    query: str = Field("", description="sql: a SELECT; each row is a document.")
    template: str = Field("", description="sql: the row's text, a Jinja2 template over its columns.")
    key: str = Field("", description="sql: column that names the document; its values must be unique.")
    title: str = Field("", description="sql: column or template of the title; empty is the key.")
    owner: str = Field("", description="Person or department that answers for the documents.")
    label: Label = "internal"
    access: tuple[str, ...] = Field(("everyone",), description="'everyone', 'user:NAME', 'group:NAME'.")
    rules: tuple[AccessRule, ...] = Field((), description="Other access for some documents.")


class KnowledgeConfig(Section):
    sources: dict[str, SourceConfig] = Field(default_factory=dict)
    folder: UserPath | None = Field(None, description="Own library and indexes there; unset: in the run ledger's.")
    embedding: str = Field("e5-small", description="'e5-small' (built in), or NAME of an Ollama model in [models].")
    index: Literal["chroma", "exact"] = Field("chroma", description="Vector index; 'exact' compares with every chunk.")
    chunk_tokens: int = Field(350, ge=64, le=480, description="Most tokens of a chunk.")
    keep_versions: int = Field(3, ge=1, description="Versions of a document kept for old citations, the current too.")
    glossary: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Term -> other words for it, any language; used both ways."
    )
    reranker: str = Field("", description="NAME in [models] that orders the best passages anew; empty is none.")
    reranker_budget_s: float = Field(3.0, gt=0, description="Time for that; after it the order stays as it was.")
    ocr: bool = Field(True, description="Read scanned pages and images.")
    tell_hidden: bool = Field(True, description="Say that documents exist which the asker may not see; never which.")
    max_file_bytes: int = Field(100_000_000, ge=1000, description="Larger files are reported, not loaded.")
    max_pages: int = Field(2000, ge=1, description="Pages, slides or sheets loaded from one file.")
    load_timeout_s: float = Field(120.0, gt=0, description="Limit for loading one file, seconds.")
    load_memory_bytes: int = Field(2_000_000_000, ge=200_000_000, description="Memory of the process that loads files.")


class Config(Section):
    """All of ``clawdbot.toml``; construct through :func:`clawdbot.config_file.load`."""

    app: AppConfig = AppConfig()
    models: dict[str, ModelConfig] = Field(default_factory=dict)
    router: RouterConfig = RouterConfig()
    budget: BudgetConfig = BudgetConfig()
    masking: MaskingConfig = MaskingConfig()
    cache: CacheConfig = CacheConfig()
    databases: dict[str, DatabaseConfig] = Field(default_factory=dict)
    mail: MailConfig = MailConfig()
    report: ReportConfig = ReportConfig()
    planner: PlannerConfig = PlannerConfig()
    store: StoreConfig = StoreConfig()
    worker: WorkerConfig = WorkerConfig()
    approvals: ApprovalsConfig = ApprovalsConfig()
    workflows: WorkflowsConfig = WorkflowsConfig()
    notify: NotifyConfig = NotifyConfig()
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Group -> users in it.")
    knowledge: KnowledgeConfig = KnowledgeConfig()
    tools: ToolsConfig = ToolsConfig()
