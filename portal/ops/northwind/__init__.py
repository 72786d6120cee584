"""Northwind: a trading company's customers, products and orders of 1996 to 1998, as plain frozen values.

The files in `data` are Microsoft's sample database under the MIT licence (`data/LICENSE`, `data/README.md` tell where
they come from). Freight is not read. `data/vat_ids.csv` is ours: made up, with valid check digits, since Northwind has
no VAT ids; they belong to nobody we know of.
"""

from __future__ import annotations

from portal.ops.northwind.reader import (
    Category,
    Customer,
    Employee,
    Order,
    OrderLine,
    Place,
    Product,
    categories,
    customers,
    employees,
    orders,
    products,
)

__all__ = [
    "Category",
    "Customer",
    "Employee",
    "Order",
    "OrderLine",
    "Place",
    "Product",
    "categories",
    "customers",
    "employees",
    "orders",
    "products",
]
