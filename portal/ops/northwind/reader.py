"""Reads the files of Northwind."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

_DATA = Path(__file__).resolve().parent / "data"

#: ISO 3166 codes of the countries as Northwind writes them.
COUNTRIES = {
    "Argentina": "AR",
    "Austria": "AT",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Denmark": "DK",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Ireland": "IE",
    "Italy": "IT",
    "Mexico": "MX",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "UK": "GB",
    "USA": "US",
    "Venezuela": "VE",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address; `country` is an ISO code."""

    name: str
    street: str
    postal_code: str
    city: str
    region: str
    country: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A company that buys; `vat_id` is made up, "" for some in the Union and all outside it.

    `warehouses` are the other places that its orders were shipped to.
    """

    code: str
    name: str
    contact: str
    function: str
    phone: str
    vat_id: str
    place: Place
    warehouses: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """A heading of the catalog."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product; `pack` says what one unit of it is, `price` is the list price of today."""

    id: int
    name: str
    category: int
    pack: str
    price: Decimal
    discontinued: bool


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who sells."""

    id: int
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line; `discount` in percent."""

    product: int
    price: Decimal
    quantity: Decimal
    discount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """An order; `shipped` None where it had not been shipped. `warehouse` None means the customer's own address."""

    id: int
    customer: str
    employee: int
    ordered: date
    required: date
    shipped: date | None
    warehouse: Place | None
    lines: tuple[OrderLine, ...]


def categories() -> tuple[Category, ...]:
    """The 8 categories."""
    return tuple(Category(int(row["CategoryID"]), row["CategoryName"]) for row in _rows("categories"))


def products() -> tuple[Product, ...]:
    """The 77 products."""
    return tuple(
        Product(
            int(row["ProductID"]),
            row["ProductName"],
            int(row["CategoryID"]),
            row["QuantityPerUnit"],
            Decimal(row["UnitPrice"]),
            row["Discontinued"] == "1",
        )
        for row in _rows("products")
    )


def employees() -> Mapping[int, Employee]:
    """The 9 employees by number."""
    found = (
        Employee(int(row["EmployeeID"]), f"{row['FirstName']} {row['LastName']}", row["Title"])
        for row in _rows("employees")
    )
    return {employee.id: employee for employee in found}


@cache
def customers() -> tuple[Customer, ...]:
    """The 91 customers, by code."""
    vat_ids = {row["CustomerID"]: row["VatId"] for row in _rows("vat_ids")}
    warehouses: dict[str, dict[Place, None]] = {}
    for order in orders():
        if order.warehouse is not None:
            warehouses.setdefault(order.customer, {})[order.warehouse] = None
    return tuple(
        Customer(
            row["CustomerID"],
            row["CompanyName"],
            row["ContactName"],
            row["ContactTitle"],
            row["Phone"],
            vat_ids.get(row["CustomerID"], ""),
            _own_place(row),
            tuple(warehouses.get(row["CustomerID"], ())),
        )
        for row in _rows("customers")
    )


@cache
def orders() -> tuple[Order, ...]:
    """The 830 orders, by number, which is also by date."""
    lines: dict[str, list[OrderLine]] = {}
    for row in _rows("order_details"):
        discount = 100 * Decimal(row["Discount"])
        line = OrderLine(
            int(row["ProductID"]), Decimal(row["UnitPrice"]), Decimal(row["Quantity"]), discount.normalize()
        )
        lines.setdefault(row["OrderID"], []).append(line)
    own = {row["CustomerID"]: _own_place(row) for row in _rows("customers")}
    return tuple(
        Order(
            int(row["OrderID"]),
            row["CustomerID"],
            int(row["EmployeeID"]),
            date.fromisoformat(row["OrderDate"]),
            date.fromisoformat(row["RequiredDate"]),
            date.fromisoformat(row["ShippedDate"]) if row["ShippedDate"] else None,
            _warehouse(row, own[row["CustomerID"]]),
            tuple(lines[row["OrderID"]]),
        )
        for row in _rows("orders")
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _own_place(row: Mapping[str, str]) -> Place:
    return _place(row["CompanyName"], row, "")


def _warehouse(row: Mapping[str, str], own: Place) -> Place | None:
    """Where an order went unless that is the customer's own address, which some orders spell a little differently."""
    place = _place(own.name, row, "Ship")
    return None if _letters(place) == _letters(own) else place


def _place(name: str, row: Mapping[str, str], prefix: str) -> Place:
    values = {
        field: " ".join(row[prefix + field].split())
        for field in ("Address", "PostalCode", "City", "Region", "Country")
    }
    return Place(
        name,
        values["Address"],
        values["PostalCode"],
        values["City"],
        values["Region"],
        COUNTRIES[values["Country"]],
    )


def _letters(place: Place) -> str:
    return "".join(sign for sign in f"{place.street}{place.city}".lower() if sign.isalnum())
