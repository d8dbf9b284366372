"""Three years of trade of the sample company: orders with their lines, targets, invoices and payments."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

FIRST_DAY = date(2024, 1, 1)
LAST_DAY = date(2026, 10, 31)

Row = tuple[Any, ...]

_SEASON = (0.92, 0.62, 1.02, 1.0, 1.04, 1.12, 0.94, 0.96, 1.1, 1.0, 1.26, 1.2)
_GROWTH_PER_MONTH = 1.011
_WEEKEND = 0.22
_DRIFT = (0.0, 0.006, 0.002, -0.009, 0.008, 0.018)
"""Monthly change of a region's weight beside the company's: the northwest grows, the centre falls back."""
_PRICE_LEVEL = {2024: 0.95, 2025: 0.98, 2026: 1.0}
_TERMS_DAYS = {"A": 60, "B": 45, "C": 30, "D": 7}
"""Days to pay by credit grade, as in the credit policy in force."""
_DISCOUNTS = ((0.0, 0.05, 0.1, 0.15, 0.2), (60, 18, 12, 7, 3))
_LINES = ((1, 2, 3, 4, 5, 6), (20, 28, 25, 15, 8, 4))


@dataclass(frozen=True, kw_only=True)
class Product:
    """What lines are made of: prices in CNY, ``weight`` is how often it is bought."""

    number: int
    price: float
    cost: float
    weight: float


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Who buys: only from ``since`` on, ``weight`` is how often."""

    number: int
    region_id: int
    grade: str
    since: date
    weight: float


@dataclass(kw_only=True)
class Books:
    """Rows in the order of the tables' columns."""

    orders: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    targets: list[Row] = field(default_factory=list)
    invoices: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)


class Trade:
    """The rules of the market; ``run`` plays them once."""

    def __init__(
        self,
        *,
        products: Sequence[Product],
        customers: Sequence[Customer],
        regions: int,
        sales_per_region: int,
        rng: random.Random,
    ) -> None:
        self._products = products
        self._product_sums = list(accumulate(p.weight for p in products))
        self._customers = customers
        self._regions = regions
        self._sales_per_region = sales_per_region
        self._rng = rng
        self._books = Books()
        self._booked: defaultdict[tuple[int, int, int], float] = defaultdict(float)

    def run(self, orders: int) -> Books:
        """Play ``orders`` orders in the order of their dates."""
        buyers: tuple[int, list[Customer], list[float]] = (-1, [], [])
        for number, day in enumerate(self._days(orders), 1):
            month = _months_since_start(day)
            if month != buyers[0]:
                buyers = (month, *self._buyers(day, month))
            customer = self._rng.choices(buyers[1], cum_weights=buyers[2])[0]
            self._order(number, day, customer)
        self._set_targets()
        return self._books

    def _days(self, orders: int) -> list[date]:
        days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
        weights = [
            _SEASON[day.month - 1]
            * _GROWTH_PER_MONTH ** _months_since_start(day)
            * (_WEEKEND if day.weekday() >= 5 else 1.0)
            for day in days
        ]
        return sorted(self._rng.choices(days, weights, k=orders))

    def _buyers(self, day: date, month: int) -> tuple[list[Customer], list[float]]:
        """The customers of a month with their summed weights."""
        known = [c for c in self._customers if c.since <= day.replace(day=1)]
        total, sums = 0.0, []
        for customer in known:
            total += customer.weight * (1 + _DRIFT[customer.region_id - 1]) ** month
            sums.append(total)
        return known, sums

    def _order(self, number: int, day: date, customer: Customer) -> None:
        rng = self._rng
        status, shipped = self._fate(day)
        salesperson = (customer.region_id - 1) * self._sales_per_region + rng.randrange(self._sales_per_region) + 1
        self._books.orders.append(
            (number, customer.number, salesperson, customer.region_id, day.isoformat(), _iso(shipped), status)
        )
        count = rng.choices(*_LINES)[0]
        chosen = dict.fromkeys(p.number for p in rng.choices(self._products, cum_weights=self._product_sums, k=count))
        amount = 0.0
        for product_number in chosen:
            amount += self._line(number, day, self._products[product_number - 1])
        self._booked[(customer.region_id, day.year, (day.month + 2) // 3)] += amount
        if shipped is not None:
            self._invoice(number, shipped, customer, round(amount, 2))

    def _line(self, order: int, day: date, product: Product) -> float:
        rng = self._rng
        most = 4 if product.price > 1500 else 12 if product.price > 300 else 60
        quantity = rng.randint(1 if product.price > 300 else 4, most)
        price = round(product.price * _PRICE_LEVEL[day.year], 2)
        cost = round(product.cost * _PRICE_LEVEL[day.year], 2)
        discount = rng.choices(*_DISCOUNTS)[0]
        self._books.lines.append((len(self._books.lines) + 1, order, product.number, quantity, price, cost, discount))
        return quantity * price * (1 - discount)

    def _fate(self, day: date) -> tuple[str, date | None]:
        age = (LAST_DAY - day).days
        shipped = day + timedelta(days=self._rng.randint(1, 6))
        draw = self._rng.random()
        if draw < 0.03:
            return "cancelled", None
        if shipped > LAST_DAY:
            return "processing", None
        if age < 14:
            return "shipped", shipped
        return ("returned" if draw < 0.05 else "completed"), shipped

    def _invoice(self, order: int, issued: date, customer: Customer, amount: float) -> None:
        rng = self._rng
        number = len(self._books.invoices) + 1
        due = issued + timedelta(days=_TERMS_DAYS[customer.grade])
        paid = 0.0
        parts = 2 if rng.random() < 0.04 else 1
        never = rng.random() < 0.015
        for part in range(parts):
            when = max(issued, due + timedelta(days=round(rng.gauss(-4, 9)) + 20 * part))
            value = round(amount / parts, 2) if part < parts - 1 else round(amount - paid, 2)
            if never or when > LAST_DAY:
                break
            method = rng.choices(("bank transfer", "draft", "card"), (80, 14, 6))[0]
            self._books.payments.append((len(self._books.payments) + 1, number, when.isoformat(), value, method))
            paid = round(paid + value, 2)
        status = "paid" if paid >= amount else "overdue" if due < LAST_DAY else "open"
        self._books.invoices.append((number, order, issued.isoformat(), due.isoformat(), amount, status))

    def _set_targets(self) -> None:
        """Round sums near what was booked; the quarter that is not over is planned from the year before."""
        for region in range(1, self._regions + 1):
            for year in range(FIRST_DAY.year, LAST_DAY.year + 1):
                for quarter in range(1, 5):
                    unfinished = (year, quarter) == (LAST_DAY.year, 4)
                    base = self._booked[(region, year - unfinished, quarter)] * (1.12 if unfinished else 1.0)
                    goal = round(base * self._rng.uniform(0.9, 1.14), -4)
                    self._books.targets.append((len(self._books.targets) + 1, region, year, quarter, goal))


def _months_since_start(day: date) -> int:
    return (day.year - FIRST_DAY.year) * 12 + day.month - FIRST_DAY.month


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
