"""Running TeX as an untrusted program: few rights, few resources, and errors in one sentence.

TeX is a programming language, so a document is a program.  It runs without shell escape, reads and writes only
below its own folder (kpathsea's ``openin_any = p`` and ``openout_any = p``, see texmf.cnf), with limits on processor
time, memory and file size, in a process group that is killed when the time is over.
"""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from clawdbot.errors import TerminalToolError
from clawdbot.tools.report.engine import Engine

JOB = "report"
MEMORY_BYTES = 2 << 30
FILE_BYTES = 64 << 20
_PASSES = 3
# Limits are set by a process of their own and kept over exec: a preexec_fn is not safe beside threads.
_LAUNCHER = """\
import os, resource, sys
for name, limit in (("RLIMIT_CPU", 1), ("RLIMIT_AS", 2), ("RLIMIT_FSIZE", 3)):
    try:
        resource.setrlimit(getattr(resource, name), (int(sys.argv[limit]),) * 2)
    except (ValueError, OSError):
        pass
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.execv(sys.argv[4], sys.argv[4:])
"""
_RERUN = re.compile(r"Rerun to get|Rerun LaTeX|Label\(s\) may have changed|Table widths have changed")
_PAGES = re.compile(r"Output written on .*?\((\d+) pages?", re.S)
_ERROR = re.compile(r"^(?:\./)?(?P<file>[\w.\-]+):(?P<line>\d+): (?P<text>.*)$|^! ?(?P<bare>\S.*)$", re.M)
_AT = re.compile(r"^l\.(\d+) ?(.*)$", re.M)
_CAUSES = (
    (
        r"\(file ([^)]*)\): cannot open .*font",
        "the font {0!r} is not there; the packaged TeX has Source Sans and Latin Modern",
    ),
    (r"Undefined control sequence", "the command {command} is not known; a package may be missing in the template"),
    (r"File `([^']*)' not found", "the file or package {0!r} is not there"),
    (r"Not (?:writing|reading|opening).*|openout_any|openin_any", "it tried to use a file outside its folder"),
    (r"TeX capacity exceeded|memory exhausted", "it needs more memory than TeX has, perhaps by an endless macro"),
    (r"Emergency stop|no legal \\end", "the document ends too early"),
    (r"Missing \$ inserted", "a character that is special in TeX stands unescaped in the template"),
    (r"Runaway argument|File ended while scanning", "a closing brace is missing"),
    (r"Environment (\S+) undefined", "the environment {0!r} is not known; a package may be missing in the template"),
)


@dataclass(frozen=True, kw_only=True)
class Typeset:
    """A finished document: its file, its pages, and how often TeX ran."""

    pdf: Path
    pages: int
    passes: int


def typeset(folder: Path, engine: Engine, *, timeout_s: float, epoch: int = 0) -> Typeset:
    """Turn ``folder/report.tex`` into ``folder/report.pdf``.

    ``timeout_s`` is for all passes together, in seconds; ``epoch`` is the time that the document sees (seconds since
    1970), so that the same source gives the same bytes.  TerminalToolError says the line and the likely cause; the
    log stays in the folder.
    """
    log_file = folder / f"{JOB}.log"
    end = time.monotonic() + timeout_s
    log, number = "", 0
    while number < _PASSES and (number < 2 or _RERUN.search(log)):
        number += 1
        status = _run(_command(engine, draft=number == 1, cpu_s=math.ceil(timeout_s)), folder, engine, end, epoch)
        log = log_file.read_text("utf-8", "replace") if log_file.is_file() else ""
        if status != 0:
            raise TerminalToolError(f"The report could not be typeset: {explain(log, status)}", hint=_where(log_file))
    pages = _PAGES.search(log)
    if pages is None:
        raise TerminalToolError("The report has no pages: its template prints nothing.", hint=_where(log_file))
    return Typeset(pdf=folder / f"{JOB}.pdf", pages=int(pages[1]), passes=number)


def explain(log: str, status: int) -> str:
    """A failed run in one sentence: the line and the likely cause."""
    if status in (-signal.SIGKILL, -signal.SIGXCPU):
        return "TeX was stopped because it took too long, perhaps by an endless macro."
    if status == -signal.SIGXFSZ:
        return "TeX was stopped because its output grew too large."
    error = _ERROR.search(log)
    if error is None:
        return f"TeX ended with status {status} and gave no reason."
    text = (error["text"] or error["bare"] or "").strip()
    at = _AT.search(log, error.end())
    line = error["line"] or (at[1] if at else "")
    command = at[2].split("\\")[-1].strip() if at else ""
    cause = next((_fill(words, m, command) for pattern, words in _CAUSES if (m := re.search(pattern, text))), "")
    where = f"line {line} of {error['file'] or JOB + '.tex'}: " if line else ""
    return f"{where}{text[:200].rstrip('.')}{f' ({cause})' if cause else ''}."


def _fill(words: str, match: re.Match[str], command: str) -> str:
    return words.format(*match.groups(), command=f"\\{command}")


def _where(log_file: Path) -> str:
    return f"The source and the full log are in {log_file.parent}."


def _command(engine: Engine, *, draft: bool, cpu_s: int) -> list[str]:
    """The first pass only collects references, so it writes no PDF."""
    quick = {"xelatex": "-no-pdf", "pdflatex": "-draftmode"}[engine.name]
    limits = [str(cpu_s), str(MEMORY_BYTES), str(FILE_BYTES)]
    options = ["-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "-file-line-error"]
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *limits]
    return [*launcher, str(engine.binary), *options, *([quick] if draft else []), f"{JOB}.tex"]


def _run(command: list[str], folder: Path, engine: Engine, end: float, epoch: int) -> int:
    """The exit status; a negative one is the signal that ended it."""
    home = str(folder)
    environment = {
        "PATH": os.pathsep.join([str(engine.binary.parent), "/usr/bin", "/bin"]),
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "TEXMFHOME": f"{home}/texmf",
        "TEXMFVAR": f"{home}/texmf-var",
        "TEXMFCONFIG": f"{home}/texmf-config",
        "TEXMFOUTPUT": home,
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        "max_print_line": "8000",
        "SOURCE_DATE_EPOCH": str(epoch),
        "FORCE_SOURCE_DATE": "1",
    }
    null = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=null, stdout=null, stderr=null, start_new_session=True
    )
    try:
        return process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
