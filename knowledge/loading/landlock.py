"""Landlock: a process gives up the file system but for some folders, for good and without root.

Source: Documentation/userspace-api/landlock.rst and linux/landlock.h (interface versions 1 to 6).
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_QUESTION, _PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_FIRST_VERSION = (1 << 13) - 1
_SINCE = ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE))
_ON_FILES = _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6

READ = _READ_FILE | _READ_DIR
WRITE = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _TRUNCATE | _REFER
DISCARD = _READ_FILE | _WRITE_FILE


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What stays possible below ``path`` (or with it, when it is a file): READ, WRITE or DISCARD."""

    path: str
    rights: int


def keep_only(grants: Iterable[Grant]) -> bool:
    """Give up all files and folders but ``grants``; False where the system cannot do that.

    Grants whose path does not exist are passed over.  Holds for this thread and what it starts.
    """
    if sys.platform != "linux":
        return False
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    word = ctypes.c_ulong
    version = call(word(_CREATE_RULESET), word(0), word(0), word(_VERSION_QUESTION))
    if version < 1:
        return False
    handled = _FIRST_VERSION | sum(right for since, right in _SINCE if version >= since)
    wanted = _Ruleset(handled, _TCP_BIND_AND_CONNECT, _ABSTRACT_SOCKETS_AND_SIGNALS)
    size = 8 * (1 + (version >= _NETWORK_SINCE) + (version >= _SCOPES_SINCE))
    ruleset = call(word(_CREATE_RULESET), ctypes.byref(wanted), word(size), word(0))
    if ruleset < 0:
        return False
    try:
        for grant in grants:
            _add(call, ruleset, grant, handled)
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, word(1), word(0), word(0), word(0))
        return bool(call(word(_RESTRICT_SELF), word(ruleset), word(0)) == 0)
    finally:
        os.close(ruleset)


def _add(call: ctypes._NamedFuncPointer, ruleset: int, grant: Grant, handled: int) -> None:
    try:
        fd = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        rights = grant.rights & handled & (-1 if is_folder else _ON_FILES)
        rule = _PathBeneath(rights, fd)
        word = ctypes.c_ulong
        call(word(_ADD_RULE), word(ruleset), word(_PATH_BENEATH), ctypes.byref(rule), word(0))
    finally:
        os.close(fd)
