"""What people read of schedules: notes in the history and notices, in Chinese and English."""

from __future__ import annotations

from clawdbot.config import AppConfig
from clawdbot.text.language import Language, detect

_TEXTS: dict[str, tuple[str, str]] = {
    "missed": ("{name}：有 {count} 次没有按时启动", "{name}: {count} starts were missed"),
    "missed_one": ("{name}：有一次没有按时启动", "{name}: a start was missed"),
    "missed_body": (
        "没有工作进程在运行，从 {first} 到 {last} 共 {count} 次没有启动。按照 missed = {policy}，不再补做。",
        "No worker was running: {count} starts from {first} to {last} did not happen. "
        "By missed = {policy} they are not made up for.",
    ),
    "missed_note": ("没有工作进程在运行", "no worker was running"),
    "changed_note": ("计划在启动前已更改或停用", "the schedule was changed or switched off before it was started"),
    "passed_note": ("启用时已过了这个时间", "the moment had passed when the workflow was enabled"),
    "late": ("{name}：晚了 {delay} 启动", "{name}: started {delay} late"),
    "late_some": ("{name}：有 {count} 次补做", "{name}: {count} starts are made up for"),
    "late_body": (
        "原定 {first} 启动（共 {count} 次），到 {last} 才启动：当时没有工作进程在运行。",
        "Due at {first} ({count} in all), started at {last}: no worker was running.",
    ),
    "late_note": ("晚了 {delay}：没有工作进程在运行", "{delay} late: no worker was running"),
    "queued_note": ("晚了 {delay}：没有空闲的工作进程", "{delay} late: no worker was free"),
    "queued_body": (
        "任务 {run} 原定 {first} 开始，{delay} 之后仍没有空闲的工作进程。查看：clawdbot status --detail",
        "Run {run} was due at {first}; {delay} later no worker was free for it. See: clawdbot status --detail",
    ),
    "turn_note": ("晚了 {delay}：等待前一个任务结束", "{delay} late: waited for the run before it"),
    "turn_body": (
        "任务 {run} 原定 {first} 开始，等前一个任务结束后于 {last} 开始。",
        "Run {run} was due at {first} and started at {last}, when the run before it was over.",
    ),
    "overlap_note": ("前一个任务 {run} 尚未结束（{status}）", "the run before it, {run}, is not over ({status})"),
    "wait_note": ("等待前一个任务 {run} 结束", "waits until the run before it, {run}, is over"),
    "replaced_note": ("被更新的一次取代", "a newer start took its place"),
    "paused_note": (
        "计划被 {by} 暂停（{since}）：其间 {count} 次不启动",
        "paused by {by} ({since}): {count} starts were left out",
    ),
    "by_hand": ("由 {by} 手动启动", "by hand, {by}"),
    "failed": ("{name}：无法启动", "{name}: could not be started"),
    "failed_body": (
        "原定 {first} 的任务没有启动：{reason}\n同样的原因当天只通知一次。查看：clawdbot schedule history {name}",
        "The run that was due at {first} was not started: {reason}\nThe same reason is told once a day. "
        "See: clawdbot schedule history {name}",
    ),
    "gone": ("工作流 {workflow} 已不存在。", "The workflow {workflow} is gone."),
    "disabled": ("工作流 {workflow} 已停用。", "The workflow {workflow} is disabled."),
    "unreadable": (
        "工作流 {workflow} 已不能使用（{why}）。请修改后重新启用：clawdbot workflow enable {workflow}",
        "The workflow {workflow} cannot be used any more ({why}). Mend it and enable it again: "
        "clawdbot workflow enable {workflow}",
    ),
    "chain": (
        "工作流互相触发已达 {most} 级，为防止无休止循环不再继续。",
        "Workflows have started each other {most} times in a row; this is where it ends.",
    ),
    "folder": ("无法读取文件夹 {path}（{why}）。", "The folder {path} cannot be read ({why})."),
}
_STATES = {
    "queued": ("排队中", "in the queue"),
    "running": ("进行中", "running"),
    "waiting": ("等待中", "waiting"),
}
_UNITS = {"zh": (" 天 ", " 小时 ", " 分钟", " 秒"), "en": (" d ", " h ", " min", " s")}


def say(language: Language, name: str, /, **values: object) -> str:
    """That text."""
    return _TEXTS[name][0 if language == "zh" else 1].format(**values)


def state(language: Language, status: str) -> str:
    """How a run stands that is not over."""
    return _STATES[status][0 if language == "zh" else 1]


def delay(language: Language, seconds: float) -> str:
    """A length of time, with its two largest units."""
    days, hours, minutes, rest = _UNITS[language]
    whole = int(max(seconds, 0))
    if whole >= 86_400:
        return f"{whole // 86_400}{days}{whole % 86_400 // 3600}{hours}".rstrip()
    if whole >= 3600:
        return f"{whole // 3600}{hours}{whole % 3600 // 60}{minutes}"
    return f"{whole // 60}{minutes}" if whole >= 60 else f"{whole}{rest}"


def language_of(app: AppConfig, about: str) -> Language:
    """[app] language, else that of the text."""
    if app.language == "zh":
        return "zh"
    return "en" if app.language == "en" else detect(about)
