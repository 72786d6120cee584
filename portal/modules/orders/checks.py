"""What `portal verify` recomputes of orders, by its own SQL: no code is shared with the services."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.i18n import _
from portal.kernel.money import CURRENCIES

TOTALS, QUANTITIES, COLUMNS = "orders.totals", "orders.quantities", "orders.progress"
DEPARTMENTS = "orders.departments"
TOTALS_TITLE = _("Totals of orders are the sums of their lines")
QUANTITIES_TITLE = _("Delivered quantities are the sums of the deliveries")
COLUMNS_TITLE = _("Delivery and billing of orders follow from their lines")
DEPARTMENTS_TITLE = _("Orders name their department, and what was issued about them belongs to it")

_TOTALS = text("""
    SELECT o.number, o.net, o.tax, o.gross, COALESCE(SUM(l.net), 0) AS lines_net, COALESCE(SUM(l.tax), 0) AS lines_tax,
           COALESCE(SUM(l.gross), 0) AS lines_gross
    FROM orders_order o LEFT JOIN orders_line l ON l.order_id = o.id
    GROUP BY o.id, o.number, o.net, o.tax, o.gross
    HAVING o.net <> COALESCE(SUM(l.net), 0) OR o.tax <> COALESCE(SUM(l.tax), 0) OR o.gross <> COALESCE(SUM(l.gross), 0)
    ORDER BY o.number
""")

_BASES = text("""
    SELECT o.number, l.position, l.net, l.quantity, l.unit_price, l.discount, o.currency
    FROM orders_line l JOIN orders_order o ON o.id = l.order_id
    WHERE o.policy LIKE '%/net'
    ORDER BY o.number, l.position
""")

_DELIVERED = text("""
    SELECT o.number, l.position, l.delivered, COALESCE(SUM(d.quantity), 0) AS sum_delivered
    FROM orders_line l
    JOIN orders_order o ON o.id = l.order_id
    LEFT JOIN orders_delivery_line d ON d.line_id = l.id
    GROUP BY l.id, o.number, l.position, l.delivered
    HAVING l.delivered <> COALESCE(SUM(d.quantity), 0)
    ORDER BY o.number, l.position
""")

_PROGRESS = text("""
    SELECT number, delivery, billing,
           CASE WHEN open_goods = 0 THEN 'fully' WHEN delivered > 0 THEN 'partly' ELSE 'none' END AS real_delivery,
           CASE WHEN invoiced = 0 THEN 'none' WHEN open_bills > 0 THEN 'partly' WHEN paid THEN 'settled' ELSE 'fully' END
               AS real_billing
    FROM (
        SELECT o.id, o.number, o.delivery, o.billing, o.paid, o.state,
               SUM(CASE WHEN l.service THEN 0 ELSE l.quantity - l.cancelled - l.delivered END) AS open_goods,
               SUM(l.delivered) AS delivered, SUM(l.invoiced) AS invoiced,
               SUM(l.quantity - l.cancelled - l.invoiced) AS open_bills
        FROM orders_order o JOIN orders_line l ON l.order_id = o.id
        WHERE o.state IN ('confirmed', 'closed')
        GROUP BY o.id, o.number, o.delivery, o.billing, o.paid, o.state
    ) found
    WHERE delivery <> CASE WHEN open_goods = 0 THEN 'fully' WHEN delivered > 0 THEN 'partly' ELSE 'none' END
       OR billing <> CASE WHEN invoiced = 0 THEN 'none' WHEN open_bills > 0 THEN 'partly' WHEN paid THEN 'settled'
                     ELSE 'fully' END
    ORDER BY number
""")


_UNNAMED = text("""
    SELECT number FROM orders_order WHERE (department_id IS NULL) <> (department = '') ORDER BY number
""")

_ELSEWHERE = text("""
    SELECT o.number, d.kind, d.department_id, o.department_id AS own
    FROM ops_document d JOIN orders_order o ON o.public_id = d.about_public_id
    WHERE d.about_kind = 'orders.order' AND COALESCE(d.department_id, 0) <> COALESCE(o.department_id, 0)
    ORDER BY o.number, d.id
""")


def check_totals(session: Session) -> Iterable[Finding]:
    """Header against lines, and each line's net against quantity, price and discount."""
    for row in session.execute(_TOTALS):
        yield Finding(
            TOTALS,
            row.number,
            f"stored {row.net} + {row.tax} = {row.gross}, lines sum to {row.lines_net} + {row.lines_tax} = {row.lines_gross}",
        )
    for row in session.execute(_BASES):
        expected = _net(row.quantity, row.unit_price, row.discount, CURRENCIES[row.currency])
        if expected != row.net:
            yield Finding(
                TOTALS, f"{row.number} line {row.position}", f"stored net {row.net}, recomputed {expected}"
            )


def check_quantities(session: Session) -> Iterable[Finding]:
    """Delivered quantities of lines against the deliveries."""
    for row in session.execute(_DELIVERED):
        yield Finding(
            QUANTITIES,
            f"{row.number} line {row.position}",
            f"stored {row.delivered}, deliveries sum to {row.sum_delivered} (millionths)",
        )


def check_progress(session: Session) -> Iterable[Finding]:
    """The columns of confirmed orders against their lines."""
    for row in session.execute(_PROGRESS):
        yield Finding(
            COLUMNS,
            row.number,
            f"stored {row.delivery} and {row.billing}, lines say {row.real_delivery} and {row.real_billing}",
        )


def check_departments(session: Session) -> Iterable[Finding]:
    """The department of orders against its name, and against that of their documents."""
    for row in session.execute(_UNNAMED):
        yield Finding(DEPARTMENTS, row.number, "does not name the department that it is of")
    for row in session.execute(_ELSEWHERE):
        yield Finding(
            DEPARTMENTS,
            row.number,
            f"its {row.kind} belongs to the department {row.department_id}, the order to {row.own}",
        )


def _net(quantity: int, unit_price: int, discount: int, exponent: int) -> int:
    """quantity × price × (1 − discount) in minor units, half away from zero."""
    numerator = quantity * unit_price * (100_000_000 - discount) * 10**exponent
    quotient, rest = divmod(abs(numerator), 10**20)
    quotient += 2 * rest >= 10**20
    return quotient if numerator >= 0 else -quotient
