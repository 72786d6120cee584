"""The first wall between customers, and between the departments of one: the condition that holds rows to a scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

from portal.kernel.people import Scope


def within(scope: Scope, model: Any) -> ColumnElement[bool]:
    """The rows of a model with `customer_id` and `department_id` that may be seen in a scope.

    Whoever is limited to departments sees no row without one: it is the whole account's.
    """
    own: ColumnElement[bool] = model.customer_id == scope.customer_id
    if scope.departments is None:
        return own
    return and_(own, model.department_id.in_(sorted(scope.departments)))
