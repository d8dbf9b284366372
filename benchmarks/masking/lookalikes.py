"""What offices write all day that looks like personal data and is none."""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Callable


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _day(rng: random.Random) -> tuple[int, int, int]:
    return rng.randint(2019, 2030), rng.randint(1, 12), rng.randint(1, 28)


def order(rng: random.Random) -> str:
    """Numbers of orders, invoices and parcels, eleven digits that begin as a mobile number does among them."""
    year, month, day = _day(rng)
    return rng.choice(
        (
            f"{year}{month:02}{day:02}{_digits(rng, rng.choice((4, 6, 8, 10)))}",
            rng.choice(("13", "15", "18")) + _digits(rng, 9),
            f"SF{_digits(rng, 13)}",
            f"PO-{year}-{_digits(rng, 5)}",
            _digits(rng, 8),
            f"62{_digits(rng, 14)}",
            f"44{_digits(rng, 16)}",
        )
    )


def amount(rng: random.Random) -> str:
    value = rng.choice((rng.uniform(1, 9_999), rng.uniform(10_000, 99_999_999), rng.uniform(1e10, 2e10)))
    return rng.choice(
        (f"{value:,.2f}", f"{value:.2f}", f"¥{value:.0f}", f"{value:.0f} 元", f"USD {value:,.0f}", f"{value:.4f}")
    )


def moment(rng: random.Random) -> str:
    year, month, day = _day(rng)
    clock = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
    return rng.choice(
        (
            f"{year}-{month:02}-{day:02}",
            f"{year}{month:02}{day:02}",
            f"{year}-{month:02}-{day:02} {clock}.{_digits(rng, 3)}",
            f"{year}年{month}月{day}日",
            f"17{_digits(rng, 11)}",
            f"{day:02}/{month:02}/{year}",
            f"{year}.{month:02}.{day:02}-{year + 1}.{month:02}.{day:02}",
        )
    )


def version(rng: random.Random) -> str:
    return rng.choice(
        (
            f"v{rng.randint(0, 20)}.{rng.randint(0, 30)}.{rng.randint(0, 99)}",
            f"{rng.randint(1, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 20)}.{_digits(rng, 5)}",
            f"lodash@4.17.{rng.randint(1, 30)}",
            f"{rng.randint(1, 223)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}",
        )
    )


def digest(rng: random.Random) -> str:
    return rng.choice(
        (rng.randbytes(20).hex(), rng.randbytes(16).hex(), rng.randbytes(32).hex(), rng.randbytes(4).hex())
    )


def identifier(rng: random.Random) -> str:
    return rng.choice((str(uuid.UUID(bytes=rng.randbytes(16))), f"req_{rng.randbytes(6).hex()}", _digits(rng, 19)))


def place(rng: random.Random) -> str:
    """Coordinates in degrees."""
    return f"{rng.uniform(20, 50):.6f}, {rng.uniform(80, 130):.{rng.choice((4, 6, 11))}f}"


def product(rng: random.Random) -> str:
    """Codes of products and articles."""
    letters = "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.choice((1, 2, 3))))
    return rng.choice(
        (
            f"{letters}-{_digits(rng, 5)}-{_digits(rng, 3)}",
            f"E{_digits(rng, 8)}",
            f"978{_digits(rng, 10)}",
            f"69{_digits(rng, 11)}",
            f"{letters}{_digits(rng, 6)}",
            f"HX{_digits(rng, 4)}-{letters}",
        )
    )


def figures(rng: random.Random) -> str:
    """A row of figures between spaces."""
    return " ".join(str(rng.randint(1000, 9999)) for _ in range(rng.randint(4, 8)))


def hotline(rng: random.Random) -> str:
    return rng.choice(("400-820-8820", "400 610 1360", "95588", "12345", "110"))


MAKERS: dict[str, Callable[[random.Random], str]] = {
    maker.__name__: maker
    for maker in (order, amount, moment, version, digest, identifier, place, product, figures, hotline)
}
"""Slots of the texts -> what fills them."""
