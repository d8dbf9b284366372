"""Personal data that never belonged to anybody, valid by the rules of each kind; made without the detector's code."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable
from datetime import date, timedelta

AREAS = ("110105", "310104", "440305", "510104", "330106", "320102", "420106", "610113", "370202", "350203", "210102",
         "120101", "500103", "450103", "430102")  # fmt: skip
MOBILE = ("130", "131", "133", "135", "136", "138", "139", "150", "152", "155", "157", "158", "166", "173",
          "176", "178", "180", "182", "185", "186", "188", "189", "191", "198", "199")  # fmt: skip
LANDLINE = (("010", 8), ("021", 8), ("020", 8), ("0755", 8), ("0571", 8), ("028", 8), ("0512", 8), ("0931", 7))
CARDS = (("622202", 19), ("622848", 19), ("621700", 19), ("621661", 19), ("625965", 16), ("622588", 16), ("621483", 16),
         ("4392", 16), ("4563", 16), ("5187", 16), ("5522", 16), ("3568", 16), ("3742", 15))  # fmt: skip
WORDS = ("海棠计划", "欧阳静怡", "Project Nightjar", "Bluestone Partners", "贺兰山矿业")
"""What the operator configured as words that must not leave."""

_NAMES = ("wei.zhang", "li.na", "chen_jing", "m.schmidt", "anna.kowalski", "liu2019", "sales",
          "hr.office", "j-smith", "ouyang", "zhao.qiang")  # fmt: skip
_DOMAINS = ("example.com", "example.cn", "mail.example.org", "corp.example.com.cn",
            "example.net", "post.example.co.uk")  # fmt: skip
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def resident_id(rng: random.Random) -> str:
    """Eighteen digits with the check digit of ISO 7064 MOD 11-2; one in twelve in the old form of fifteen."""
    born = date(1950, 1, 1) + timedelta(days=rng.randrange(21_000))
    if rng.random() < 1 / 12:
        return rng.choice(AREAS) + f"{born:%y%m%d}" + _digits(rng, 3)
    number = rng.choice(AREAS) + f"{born:%Y%m%d}" + _digits(rng, 3)
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number))
    number += "10X98765432"[total % 11]
    return rng.choice(
        (number, number, number, number.lower(), f"{number[:6]} {number[6:14]} {number[14:]}", number.translate(_WIDE))
    )


def credit_code(rng: random.Random) -> str:
    """Eighteen characters with the check character of GB 32100."""
    code = rng.choice(("91", "91", "92", "12", "51")) + rng.choice(AREAS)
    code += rng.choice(("MA", "")) + "".join(rng.choice(_CREDIT) for _ in range(9))
    code = code[:17]
    total = sum(_CREDIT.index(char) * pow(3, place, 31) for place, char in enumerate(code))
    code += _CREDIT[-total % 31]
    return rng.choice(
        (code, code, code, f"{code[:4]} {code[4:8]} {code[8:12]} {code[12:16]} {code[16:]}", code.lower())
    )


def phone(rng: random.Random) -> str:
    """A mobile or landline number as people write it."""
    if rng.random() < 0.3:
        area, length = rng.choice(LANDLINE)
        line = rng.choice("68" if area == "010" else "568") + _digits(rng, length - 1)
        half = f"{line[:-4]} {line[-4:]}"
        return rng.choice(
            (
                f"{area}-{line}",
                f"({area}) {half}",
                f"+86 {area[1:]} {half}",
                f"{area}{line}",
                f"{area}-{line}-{_digits(rng, 3)}",
            )
        )
    prefix, middle, last = rng.choice(MOBILE), _digits(rng, 4), _digits(rng, 4)
    plain = prefix + middle + last
    spaced, hidden = f"{prefix} {middle} {last}", f"{prefix}\u200b{middle}\u200b{last}"
    forms = (plain, plain, plain, spaced, f"{prefix}-{middle}-{last}", f"+86 {spaced}", f"+86{plain}", f"0086-{plain}",
             f"(+86){plain}", plain.translate(_WIDE), hidden, f"{prefix}.{middle}.{last}", f"86-{plain}")  # fmt: skip
    return rng.choice(forms)


def bank_card(rng: random.Random) -> str:
    """An issuer's prefix, its length, and Luhn's digit."""
    prefix, length = rng.choice(CARDS)
    number = prefix + _digits(rng, length - len(prefix) - 1)
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    number += str(-total % 10)
    fours = [number[at : at + 4] for at in range(0, length, 4)]
    return rng.choice((number, number, " ".join(fours), "-".join(fours), number.translate(_WIDE)))


def mail_address(rng: random.Random) -> str:
    name = rng.choice(_NAMES) + rng.choice(("", "", _digits(rng, 2), "+news"))
    address = f"{name}@{rng.choice(_DOMAINS)}"
    return rng.choice((address, address, address, address.upper(), address.translate(_WIDE)))


def passport(rng: random.Random) -> str:
    """The Chinese forms."""
    letter = rng.choice("ABCDEFGHJKLMNPQ")
    return rng.choice((f"E{_digits(rng, 8)}", f"G{_digits(rng, 8)}", f"E{letter}{_digits(rng, 7)}"))


def foreign_passport(rng: random.Random) -> str:
    """Forms of other countries; the texts name them as passports."""
    return rng.choice((f"5{_digits(rng, 8)}", f"TZ{_digits(rng, 7)}", f"N{_digits(rng, 8)}", f"M{_digits(rng, 8)}"))


def _token(rng: random.Random, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count - 2)) + rng.choice(string.digits) + rng.choice("xyzKLM")


def _part(rng: random.Random, size: int) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(size)).decode().rstrip("=")


def issued_key(rng: random.Random) -> str:
    """Keys and tokens in the forms that their issuers give them."""
    return rng.choice(
        (
            f"sk-{_token(rng, 48)}",
            f"sk-proj-{_token(rng, 40)}",
            f"ghp_{_token(rng, 36)}",
            "AKIA" + _token(rng, 16, string.ascii_uppercase + string.digits).upper(),
            f"LTAI{_token(rng, 20)}",
            f"xoxb-{_digits(rng, 11)}-{_token(rng, 24)}",
            f"eyJhbGciOiJIUzI1NiJ9.{_part(rng, 30)}.{_part(rng, 32)}",
            f"AIza{_token(rng, 35)}",
            f"glpat-{_token(rng, 20)}",
        )
    )


def password(rng: random.Random) -> str:
    """As people choose them."""
    word = rng.choice(("summer", "Dragon", "qwert", "Welcome", "baobei", "Beijing", "letmein", "Tiger"))
    return word + rng.choice(("", "!", "#", "_")) + _digits(rng, rng.randint(2, 4))


def word(rng: random.Random) -> str:
    """A configured word, now and then in another case or width."""
    chosen = rng.choice(WORDS)
    return rng.choice(
        (chosen, chosen, chosen.upper(), chosen.lower(), chosen.translate(_WIDE), chosen.replace(" ", "\n"))
    )


MAKERS: dict[str, Callable[[random.Random], str]] = {
    maker.__name__: maker
    for maker in (
        resident_id, credit_code, phone, bank_card, mail_address, passport, foreign_passport, issued_key, password,
        word,
    )
}  # fmt: skip
"""Slots of the texts -> what fills them."""

KIND_OF = {"foreign_passport": "passport", "issued_key": "secret", "password": "secret"}
"""Slots whose kind has another name."""
