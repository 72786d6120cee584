"""Measure, and print."""

from __future__ import annotations

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
    print(f"\nPython {platform.python_version()}, PostgreSQL, {platform.machine()}\n")
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
    portal_page = timing.page(one.router, _ORDERS, cookie)
    bare_page = timing.page(bare.application(url), _ORDERS)
    ours, theirs = timing.medians(portal_page, bare_page, times=_TIMES)
    ratio = ours / theirs
    print(
        f"\nThe page of 50 orders: {ours:.2f} ms, the bare page {theirs:.2f} ms, ratio {ratio:.2f}"
        f" (target {_BARE}), medians of {_TIMES}",
        flush=True,
    )
    return ratio <= _BARE


def _sizes(one: Measured, few: Measured, cookie: str) -> bool:
    many, little = timing.medians(
        timing.page(one.router, _ORDERS, cookie), timing.page(few.router, _ORDERS, _cookie(few)), times=_TIMES
    )
    ratio = many / little
    print(
        f"\nThe same page at 100,000 orders: {many:.2f} ms, at 1,000: {little:.2f} ms, ratio {ratio:.2f} (target {_LARGER})"
    )
    return ratio <= _LARGER


def _load(url: str, cookie: str) -> None:
    found = load.run(url, _ORDERS, cookie)
    memory = ", ".join(f"{megabytes:.0f} MB" for megabytes in found.memory)
    print(
        f"\n8 clients on 2 processes: {found.per_second:.0f} pages of 50 orders per second; memory {memory}"
    )


if __name__ == "__main__":
    sys.exit(main())
