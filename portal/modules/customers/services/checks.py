"""What `portal verify` recomputes of customers, with its own SQL."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.kernel.composition import Finding
from portal.kernel.i18n import Text, _

TITLE: Text = _(
    "Customers: numbers given by the counter, the city shown is that of the first billing address, people limited to "
    "departments of their account"
)

_NUMBERS = """
SELECT number FROM customers_customer
WHERE CAST(substr(number, 3) AS BIGINT) > (SELECT coalesce(max(last), 0) FROM customers_counter)
"""
_CITIES = """
SELECT c.number, c.city, a.city FROM customers_customer AS c
JOIN customers_address AS a ON a.id = (
    SELECT b.id FROM customers_address AS b WHERE b.customer_id = c.id ORDER BY b.billing DESC, b.id LIMIT 1
)
WHERE c.city <> a.city
"""


_DEPARTMENTS = "SELECT customer_id, id FROM customers_department"
_LIMITED = """
SELECT c.number, m.customer_id, m.user_id, m.departments FROM people_membership AS m
JOIN customers_customer AS c ON c.id = m.customer_id WHERE m.departments IS NOT NULL ORDER BY m.id
"""


def check_customers(session: Session) -> Iterator[Finding]:
    """Numbers ahead of the counter, cities that are not those of the addresses, people limited to nothing that is there."""
    for (number,) in session.execute(text(_NUMBERS)):
        yield Finding("customers.accounts", number, "this number was not given by the counter")
    for number, shown, real in session.execute(text(_CITIES)):
        yield Finding(
            "customers.accounts", number, f"the list shows the city {shown}, the address says {real}"
        )
    known = {(row.customer_id, row.id) for row in session.execute(text(_DEPARTMENTS))}
    for row in session.execute(text(_LIMITED)):
        if not {(row.customer_id, int(one)) for one in row.departments.split()} <= known:
            found = (
                f"user {row.user_id} is limited to departments {row.departments}, which are not all its own"
            )
            yield Finding("customers.accounts", row.number, found)
