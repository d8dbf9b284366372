"""The filter of system calls, run by a small interpreter: so both architectures are tested on each of them."""

from __future__ import annotations

import errno
import platform

import pytest

from clawdbot.knowledge.loading.system_calls import instructions, refuse_dangerous_calls

X86, ARM, I386 = 0xC000003E, 0xC00000B7, 0x40000003
ALLOWED, KILLED = 0x7FFF0000, 0x80000000
NO, NOT_THERE = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
THREAD = 0x3D0F00  # flags of clone() when the C library starts a thread
FORK = 0x1200011


def verdict(machine: str, architecture: int, number: int, argument: int = 0) -> int:
    """What the kernel would return for a call; only the instructions that the filter uses are known here."""
    data = {0: number, 4: architecture, 16: argument}
    program, at, value = instructions(machine), 0, 0
    while True:
        step = program[at]
        at += 1
        if step.code == 0x20:
            value = data[step.operand]
        elif step.code == 0x06:
            return int(step.operand)
        else:
            holds = {
                0x15: value == step.operand,
                0x35: value >= step.operand,
                0x45: bool(value & step.operand),
            }[step.code]
            at += step.if_true if holds else step.if_false


@pytest.mark.parametrize(
    ("machine", "architecture", "calls"),
    [
        ("x86_64", X86, {"read": 0, "openat": 257, "mmap": 9, "clock_nanosleep": 230, "tgkill": 234, "futex": 202}),
        ("aarch64", ARM, {"read": 63, "openat": 56, "mmap": 222, "clock_nanosleep": 115, "tgkill": 131, "futex": 98}),
    ],
)
def test_what_loading_needs_is_allowed(machine: str, architecture: int, calls: dict[str, int]) -> None:
    assert {name for name, number in calls.items() if verdict(machine, architecture, number) != ALLOWED} == set()


@pytest.mark.parametrize(
    ("machine", "architecture", "calls"),
    [
        ("x86_64", X86, {"socket": 41, "connect": 42, "execve": 59, "fork": 57, "kill": 62, "ptrace": 101}),
        ("aarch64", ARM, {"socket": 198, "connect": 203, "execve": 221, "kill": 129, "ptrace": 117}),
    ],
)
def test_network_programs_and_other_processes_are_refused(
    machine: str, architecture: int, calls: dict[str, int]
) -> None:
    assert {name for name, number in calls.items() if verdict(machine, architecture, number) != NO} == set()
    assert verdict(machine, architecture, 425) == NO, "io_uring opens sockets too"


@pytest.mark.parametrize(("machine", "architecture", "clone"), [("x86_64", X86, 56), ("aarch64", ARM, 220)])
def test_threads_start_and_processes_do_not(machine: str, architecture: int, clone: int) -> None:
    assert verdict(machine, architecture, clone, THREAD) == ALLOWED
    assert verdict(machine, architecture, clone, FORK) == NO
    assert verdict(machine, architecture, 435) == NOT_THERE, "clone3 hides its flags; the C library then takes clone"


def test_no_second_door_leads_to_the_same_calls() -> None:
    assert verdict("x86_64", I386, 102) == KILLED
    assert verdict("x86_64", X86, 0x40000000 + 41) == NO
    assert verdict("aarch64", X86, 41) == KILLED


def test_an_unknown_processor_gets_no_filter_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not refuse_dangerous_calls()
