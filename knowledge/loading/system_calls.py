"""A seccomp filter: no network, no programs, no processes, no reach into other processes.

Built with ctypes from the kernel's interface (seccomp(2), linux/seccomp.h, linux/filter.h); numbers of system calls
are those of asm/unistd_64.h and asm-generic/unistd.h.  A call that is refused fails with EPERM, as a library expects.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_CLONE_THREAD = 0x10000
_X32 = 0x40000000
"""On x86_64: numbers from here on are a second door to the same calls."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE, _CLONE3 = {"x86_64": 56, "aarch64": 220}, 435
_REFUSED = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "kill": (62, 129),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "init_module": (175, 105),
    "finit_module": (313, 273),
}
"""Name -> number on x86_64 and on aarch64.  io_uring is there because it opens sockets past a filter."""


class Instruction(ctypes.Structure):
    """``struct sock_filter``."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("first", ctypes.POINTER(Instruction)))


def refuse_dangerous_calls() -> bool:
    """Put the filter on this thread and all that it starts; False where the system has none that we know."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCHITECTURES:
        return False
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    steps = instructions(machine)
    program = _Program(len(steps), (Instruction * len(steps))(*steps))
    # A filter without new privileges needs no root.
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program), 0, 0) == 0)


def instructions(machine: str) -> list[Instruction]:
    """The filter for "x86_64" or "aarch64": a classic BPF program over the kernel's ``struct seccomp_data``."""
    column = 0 if machine == "x86_64" else 1
    refused = [numbers[column] for numbers in _REFUSED.values() if numbers[column] is not None]
    no = Instruction(_RETURN, 0, 0, _ERRNO | errno.EPERM)
    found = [
        Instruction(_LOAD, 0, 0, _ARCHITECTURE_AT),
        Instruction(_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        Instruction(_RETURN, 0, 0, _KILL),
        Instruction(_LOAD, 0, 0, _NUMBER_AT),
        Instruction(_AT_LEAST, 0, 1, _X32),
        no,
        # clone3 hides its flags behind a pointer; "not there" sends the C library back to clone.
        Instruction(_EQUAL, 0, 1, _CLONE3),
        Instruction(_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        Instruction(_EQUAL, 0, 4, _CLONE[machine]),
        Instruction(_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        Instruction(_ANY_BIT, 1, 0, _CLONE_THREAD),
        no,
        Instruction(_RETURN, 0, 0, _ALLOW),
    ]
    for number in refused:
        found += [Instruction(_EQUAL, 0, 1, number), no]
    return [*found, Instruction(_RETURN, 0, 0, _ALLOW)]
