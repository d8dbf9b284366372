"""Names that break tools, things that are no files, and files that are not what they are called."""

from __future__ import annotations

import os
import pickle
import socket
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from matplotlib import font_manager

from benchmarks.hostile_files.hostile import Hostile, Setting, of_bytes
from benchmarks.hostile_files.sound import SENTENCE, documents

_NAMES, _SPECIAL, _FALSE, _EMPTY, _OTHER = "names", "not files", "wrong suffixes", "empty files", "not documents"


def odd(setting: Setting) -> Iterator[Hostile]:
    """All of them."""
    yield from _named()
    yield from _special()
    yield from _misnamed()
    yield from _other()


def _named() -> Iterator[Hostile]:
    names = {
        "newline": b"a\nb.txt",
        "not UTF-8": b"\xff\xfe\xb5.txt",
        "not UTF-8, GB18030": "审批.txt".encode("gb18030"),
        "255 bytes": b"a" * 251 + b".txt",
        "255 bytes of Chinese": "限".encode() * 83 + b"ab.txt",
        "right to left": "limit\u202etxt.exe.txt".encode(),
        "escapes": b"\x1b[31mred\x07.txt",
        "option": b"--help.txt",
        "quotes": b"a'\"`$(touch escaped-from-name)`;|&.txt",
        "spaces": b" . .txt",
        "backslash": b"..\\..\\a.txt",
        "percent": b"%s%n%2e%2e.txt",
        "many dots": b"." * 100 + b"txt",
        "emoji": "🧾💶.txt".encode(),
        "decomposed": "Li\u0301mite.txt".encode(),
        "control": b"\x01\x02\x7f.txt",
        "no suffix": b"README",
        "only a suffix": b".txt",
    }
    for title, name in names.items():
        yield Hostile(group=_NAMES, title=title, make=partial(_text_called, name), outcome="loaded")


def _text_called(name: bytes, folder: Path) -> Path:
    path = os.path.join(os.fsencode(folder), name)
    with open(path, "wb") as file:
        file.write(SENTENCE.encode())
    return Path(os.fsdecode(path))


def _special() -> Iterator[Hostile]:
    makers: dict[str, Callable[[Path], Path]] = {
        "pipe": _pipe,
        "socket": _socket,
        "folder": _folder,
        "links in a circle": _circle,
        "link to itself": partial(_link, "itself.txt"),
        "link to a device": partial(_link, "/dev/zero"),
        "link to a secret": partial(_link, "/etc/passwd"),
        "link to nothing": partial(_link, "/nothing/there"),
        "zeros without end": lambda _: Path("/dev/zero"),
        "full device": lambda _: Path("/dev/full"),
        "terminal": lambda _: Path("/dev/tty"),
        "memory of the process": lambda _: Path("/proc/self/mem"),
        "kernel's log, which waits": lambda _: Path("/proc/kmsg"),
        "gone": lambda folder: folder / "gone.txt",
        "too long a path": lambda folder: folder / "/".join(["a" * 200] * 40),
        "name with NUL": lambda folder: folder / "a\0b.txt",
        "below a file": _below_a_file,
    }
    for title, make in makers.items():
        yield Hostile(group=_SPECIAL, title=title, make=make, outcome="refused")
    if os.getuid() != 0:
        yield Hostile(group=_SPECIAL, title="no right to read", make=_unreadable, outcome="refused")


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.txt")
    return folder / "pipe.txt"


def _socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s.txt"))
    return folder / "s.txt"


def _folder(folder: Path) -> Path:
    (folder / "folder.pdf").mkdir()
    return folder / "folder.pdf"


def _circle(folder: Path) -> Path:
    (folder / "a.txt").symlink_to("b.txt")
    (folder / "b.txt").symlink_to("a.txt")
    return folder / "a.txt"


def _link(target: str, folder: Path) -> Path:
    (folder / "itself.txt").symlink_to(target)
    return folder / "itself.txt"


def _below_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / "a.txt"


def _unreadable(folder: Path) -> Path:
    (folder / "a.txt").write_text("x")
    (folder / "a.txt").chmod(0)
    return folder / "a.txt"


def _misnamed() -> Iterator[Hostile]:
    found = documents()
    pairs = (
        *(
            (".pdf", ".docx"),
            (".docx", ".pdf"),
            (".xlsx", ".docx"),
            (".pptx", ".xlsx"),
            (".png", ".txt"),
            (".jpg", ".pdf"),
        ),
        *(
            (".pdf", ".txt"),
            (".html", ".csv"),
            (".html", ".pdf"),
            (".eml", ".docx"),
            (".txt", ".msg"),
            (".csv", ".xlsx"),
        ),
        *((".rtf", ".doc"), (".odt", ".docx"), (".md", ".eml"), (".pdf", ""), (".gif", ".md"), (".tiff", ".eml")),
    )
    for real, called in pairs:
        title = f"{real[1:]}-called{called}"
        yield of_bytes(_FALSE, title, partial(bytes, found[real]))
    yield of_bytes(_FALSE, "two-in-one.pdf", lambda: found[".pdf"] + found[".docx"])
    yield of_bytes(_FALSE, "two-in-one.html", lambda: b"<html><p>limit</p>" + found[".pdf"])
    for suffix in found:
        yield of_bytes(_EMPTY, f"empty{suffix}", bytes, outcome="refused")
        yield of_bytes(_EMPTY, f"one-byte{suffix}", partial(bytes, [0]))
        yield of_bytes(_FALSE, f"noise{suffix}", partial(os.urandom, 20_000))
    for suffix in (".msg", ".mp3", ".wav", ".m4a", ".ogg"):
        yield of_bytes(_FALSE, f"noise{suffix}", partial(os.urandom, 20_000))


class _Escape:
    """Unpickled, it would leave a file behind."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /tmp/escaped-from-pickle",)


def _other() -> Iterator[Hostile]:
    font = Path(font_manager.findfont("DejaVu Sans"))
    samples: dict[str, Callable[[], bytes]] = {
        "pickle.pkl": lambda: pickle.dumps(_Escape()),
        "pickle.txt": lambda: pickle.dumps(_Escape(), protocol=0),
        "program.pdf": lambda: b"\x7fELF\x02\x01\x01" + bytes(2000),
        "program.exe": lambda: b"MZ\x90\0" + bytes(2000),
        "program.docx": lambda: b"\xca\xfe\xba\xbe" + bytes(2000),
        "module.wasm": lambda: b"\0asm\1\0\0\0" + bytes(100),
        "font.ttf": font.read_bytes,
        "font.pdf": font.read_bytes,
        "database.csv": _database,
        "sound.wav": lambda: b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\xff\xff\xff\xff\xff\xff" + bytes(200),
        "sound.mp3": lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(2000),
        "film.mp4": lambda: b"\0\0\0\x18ftypmp42" + bytes(2000),
        "link.lnk": lambda: b"L\0\0\0\1\x14\2\0" + bytes(200),
        "archive.7z": lambda: b"7z\xbc\xaf\x27\x1c" + bytes(200),
        "archive.rar": lambda: b"Rar!\x1a\7\1\0" + bytes(200),
        "archive.gz": lambda: b"\x1f\x8b\x08" + bytes(200),
        "disk.iso": lambda: bytes(32_769) + b"CD001" + bytes(2000),
    }
    for name, data in samples.items():
        yield of_bytes(_OTHER, name, data)


def _database() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table a (b)")
        found = database.serialize()
    database.close()
    return found
