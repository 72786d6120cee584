"""Measure, and print."""

from __future__ import annotations

import os
import platform
import sys
import warnings

warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)

from bench import bare, database, figures, load, timing  # noqa: E402 - after the filter
from bench.portals import Measured  # noqa: E402

_ORDERS = "/orders/"
_TIMES = 500
_BARE, _LARGER = 2.0, 1.3


def main() -> int:
    """Measure everything; the exit status tells whether every target was met."""
    large, small = database.prepared(database.LARGE), database.prepared(database.SMALL)
    one, few = Measured(large), Measured(small)
    cookie = _cookie(one)
    busy = os.getloadavg()[0]
    print(f"\nPython {platform.python_version()}, PostgreSQL, {os.cpu_count()} processors, load {busy:.1f}")
    print(f"Medians of {_TIMES} requests in turn.\n")
    met = [_figures(one), _ratio(one, large, cookie), _sizes(one, few, cookie)]
    few.close()
    one.close()
    _load(large, cookie)
    return 0 if all(met) else 1


def _cookie(one: Measured) -> str:
    cookies = one.staff().cookies
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _figures(one: Measured) -> bool:
    print("| page or act | at most | 3 lines | 100 lines |\n|---|---|---|---|")
    met = True
    for figure in figures.measure(one):
        met = met and figure.met
        mark = "" if figure.met else " **missed**"
        print(f"| {figure.name} | {figure.most} | {figure.few} | {figure.many}{mark} |", flush=True)
    return met


def _ratio(one: Measured, url: str, cookie: str) -> bool:
    ours, theirs = timing.medians(
        timing.page(one.router, _ORDERS, cookie), timing.page(bare.application(url), _ORDERS), times=_TIMES
    )
    return _compared("The page of 50 orders", ours, "the bare page", theirs, _BARE)


def _sizes(one: Measured, few: Measured, cookie: str) -> bool:
    many, little = timing.medians(
        timing.page(one.router, _ORDERS, cookie), timing.page(few.router, _ORDERS, _cookie(few)), times=_TIMES
    )
    return _compared("The same page at 100,000 orders", many, "at 1,000", little, _LARGER)


def _compared(this: str, one: timing.Taken, that: str, other: timing.Taken, most: float) -> bool:
    ratio, computing = one.wall / other.wall, one.computing / other.computing
    print(
        f"\n{this}: {one.wall:.2f} ms, {that}: {other.wall:.2f} ms, ratio {ratio:.2f} (target {most});"
        f" computing alone {one.computing:.2f} and {other.computing:.2f} ms, ratio {computing:.2f}",
        flush=True,
    )
    return ratio <= most


def _load(url: str, cookie: str) -> None:
    found = load.run(url, _ORDERS, cookie)
    memory = ", ".join(f"{megabytes:.0f} MB" for megabytes in found.memory)
    print(
        f"\n8 clients on 2 processes: {found.per_second:.0f} pages of 50 orders per second; memory {memory}"
    )


if __name__ == "__main__":
    sys.exit(main())
