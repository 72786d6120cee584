"""Databases large enough to measure, built once on a PostgreSQL server and kept by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

import portal
from portal.kernel import schema
from portal.kernel.composition import House
from portal.kernel.errors import BootRefused
from portal.kernel.gate import check_database
from portal.ops.demo import DemoContext, fill
from portal.ops.further import Scale
from portal.testing import raw_settings
from portal.testing.databases import create_database, drop_database, postgresql_server

MODULES = ("taxes", "customers", "catalog", "orders", "finance")
#: Seconds a statement may take while rows are copied in batches.
_PATIENCE = "600"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a database is to be; `northwind` says that Northwind's own orders are in it too."""

    name: str
    orders: int
    customers: int
    northwind: bool


LARGE = Size("portal_bench_large", 100_000, 10_000, northwind=True)
SMALL = Size("portal_bench_small", 1_000, 182, northwind=False)


def settings(url: str, **extra: str) -> dict[str, str]:
    """What the ini would say."""
    return raw_settings(MODULES, url, **extra)


def prepared(size: Size) -> str:
    """The URL of the database of that size: the one that is there if it fits, else a new one."""
    server = postgresql_server()
    url = make_url(server).set(database=size.name).render_as_string(hide_password=False)
    if _fits(url, size):
        print(f"{size.name} is there")
        return url
    drop_database(url)
    create_database(server, size.name)
    _build(url, size)
    return url


def _fits(url: str, size: Size) -> bool:
    house = portal.compose(settings(url)).house
    try:
        check_database(house)
        with house.database.engine.connect() as connection:
            if any(schema.differences(connection, card) for card in schema.migrated(house.cards)):
                return False
        with house.database.session(write=False) as session:
            orders = session.scalar(text("SELECT COUNT(*) FROM orders_order")) or 0
            customers = session.scalar(text("SELECT COUNT(*) FROM customers_customer")) or 0
            marked = session.scalar(
                text("SELECT COUNT(*) FROM pg_stat_user_tables WHERE last_analyze IS NOT NULL")
            )
    except (BootRefused, DBAPIError):
        return False
    finally:
        house.database.engine.dispose()
    return bool(marked) and orders >= size.orders and customers >= size.customers


def _build(url: str, size: Size) -> None:
    began = datetime.now().astimezone()
    house = portal.compose(settings(url, database__statement_timeout=_PATIENCE)).house
    schema.upgrade(house.database, house.cards)
    for step in _filling(house, size):
        print(f"{size.name}: {step} …", flush=True)
    with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    house.database.engine.dispose()
    took = (datetime.now().astimezone() - began).total_seconds()
    print(f"{size.name} was built in {took:.0f} s", flush=True)


def _filling(house: House, size: Size) -> Iterator[str]:
    with house.database.session(write=False) as session:
        today = house.unit(session).today()
    if size.northwind:
        yield from fill(DemoContext(house, today, {"orders": size.orders}))
        return
    context = DemoContext(house, today)
    for demo in house.demos:
        demo.run(context)
    yield from context.further.run(house, Scale(size.orders, size.customers - 91, 91, 182), context.opening)
