"""The composition root: configuration in, running services out.  The only place that builds them."""

from __future__ import annotations

from types import TracebackType

from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from clawdbot.agents.planner import Planner
from clawdbot.config import Config
from clawdbot.knowledge.embedding.embedder import Embedder
from clawdbot.knowledge.service import Knowledge
from clawdbot.models.ladder import Ladder
from clawdbot.models.selection import open_ladder
from clawdbot.models.service import ModelService
from clawdbot.store.ledger import RunLedger
from clawdbot.store.notices import NoticeBoard
from clawdbot.tools.database.databases import Databases
from clawdbot.tools.database.document_rows import document_rows
from clawdbot.tools.executor import Executor
from clawdbot.tools.registry import Registry
from clawdbot.workflows.announcing import Announcer
from clawdbot.workflows.approving import Approving
from clawdbot.workflows.definition import StepKind
from clawdbot.workflows.duty import Duty
from clawdbot.workflows.engine import RunEngine
from clawdbot.workflows.expiry import PERIOD_S as EXPIRY_PERIOD_S
from clawdbot.workflows.expiry import Expiry
from clawdbot.workflows.flow.calls import Perform
from clawdbot.workflows.flow.goal_step import GoalSteps
from clawdbot.workflows.flow.runner import WorkflowRuns
from clawdbot.workflows.flow.tool_step import ToolSteps
from clawdbot.workflows.flow.write_step import WriteSteps
from clawdbot.workflows.notifier import PERIOD_S as NOTIFIER_PERIOD_S
from clawdbot.workflows.notifier import Notifier
from clawdbot.workflows.retention import Retention
from clawdbot.workflows.schedules.scheduler import PERIOD_S as SCHEDULER_PERIOD_S
from clawdbot.workflows.schedules.scheduler import Scheduler
from clawdbot.workflows.sweeper import PERIOD_S as SWEEPER_PERIOD_S
from clawdbot.workflows.sweeper import Sweeper
from clawdbot.workflows.telling import target_of
from clawdbot.workflows.worker import Worker
from clawdbot.workflows.worker_events import Tell, untold
from clawdbot.workflows.writing.writer import Writer


class App:
    """Everything that runs need, from one configuration.  A context manager; close it to release files."""

    def __init__(self, config: Config, *, ladder: Ladder, embedder: Embedder | None = None) -> None:
        """``embedder`` takes the place of the configured one, for tests without weights."""
        # The hook that stamina prefers prints to standard output, which belongs to the run's JSON.
        set_on_retry_hooks([LoggingOnRetryHook])
        self.config = config
        self.registry = Registry.load(config)
        self.ledger = RunLedger.open(config)
        self.models = ModelService(ladder, config, self.ledger.database)
        self.databases = Databases(config)
        self.knowledge = Knowledge.open(
            config, rows=document_rows(self.databases), embedder=embedder, models=self.models
        )
        services = {Databases: self.databases, Knowledge: self.knowledge}
        executor = Executor(self.registry, config, self.ledger, services)
        self.planner = Planner(
            config=config,
            tools={tool.name: tool for tool in self.registry.tools()},
            fixed_tools={tool.name: tool for tool in self.registry.for_workflows()},
            executor=executor,
            models=self.models,
            databases=self.databases,
            knowledge=self.knowledge,
            ledger=self.ledger,
            runs=config.app.home / "runs",
        )
        self.engine = RunEngine(self.planner)
        workflow_runs = self._workflow_runs()
        self.engine.serve("workflow", workflow_runs.run)
        announcer = Announcer(self.ledger, lambda run: target_of(run, config))
        self.engine.on_end(announcer.ended)
        self.engine.on_wait(announcer.waits)
        self.approving = Approving(self.planner, self.registry)
        self.approving.serve("workflow", workflow_runs.site)
        self.scheduler = Scheduler(config, self.ledger)

    @classmethod
    def open(cls, config: Config, *, model: str | None = None) -> App:
        """An App whose steps go to the configured models, or all to ``model``; UsageError or ModelUnavailable when
        there is none."""
        return cls(config, ladder=open_ladder(config, name=model))

    def _workflow_runs(self) -> WorkflowRuns:
        goals = GoalSteps(self.engine.work)
        performers: dict[StepKind, Perform] = {
            "goal": goals, "tool": ToolSteps(goals), "write": WriteSteps(Writer(self.models)),
        }  # fmt: skip
        return WorkflowRuns(self.planner, performers)

    def worker(self, *, label: str = "", slots: int = 0, tell: Tell = untold) -> Worker:
        """A worker on this App's queue; ``slots`` 0 is [worker] slots."""
        return Worker(
            lambda claimed, stop: self.engine.work(claimed, stop=stop),
            ledger=self.ledger, settings=self.config.worker, duties=self.duties(), label=label, slots=slots, tell=tell,
        )  # fmt: skip

    def duties(self) -> tuple[Duty, ...]:
        """What workers do besides runs."""
        keep_days = self.config.store.keep_days
        retention = Retention(self.ledger.database, self.config.app.home / "runs", keep_days=keep_days)
        expiry = Expiry(self.ledger, NoticeBoard(self.ledger.database))
        sweeper = Sweeper(self.ledger, answer_s=self.config.mail.timeout_s)
        return (
            Duty(name="approvals", period_s=EXPIRY_PERIOD_S, tick=expiry.tick),
            Duty(name="retention", period_s=3600.0, tick=retention.tick),
            Duty(name="notifier", period_s=NOTIFIER_PERIOD_S, tick=Notifier(self.config, self.ledger).tick),
            Duty(name="sweeper", period_s=SWEEPER_PERIOD_S, tick=sweeper.tick),
            Duty(name="scheduler", period_s=SCHEDULER_PERIOD_S, tick=self.scheduler.tick),
        )

    def close(self) -> None:
        """Close databases, ledger and checkpoints."""
        self.models.flush()
        self.scheduler.close()
        self.knowledge.close()
        self.databases.close()
        self.ledger.close()

    def __enter__(self) -> App:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
