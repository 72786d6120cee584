"""The audit log as a list, and one row of it as its page shows it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import aliased

from portal.kernel.audit import AuditRow
from portal.kernel.db import is_public_id
from portal.kernel.folding import matches
from portal.kernel.i18n import _
from portal.web.filters import DateFilter, TextFilter
from portal.web.lists import Column, Listing


def _matching(term: str) -> ColumnElement[bool]:
    return matches(AuditRow.search_text, term)


def _by(person: str) -> ColumnElement[bool]:
    """Acts of a person: by the number of their account, else by name."""
    number = _number(person)
    return AuditRow.actor_name == person if number is None else AuditRow.actor_user_id == number


def _about(subject: str) -> ColumnElement[bool]:
    """Acts on something: by public id, by its table, or by table and number as in `orders_order:12`."""
    if is_public_id(subject):
        return AuditRow.subject_public_id == subject
    table, colon, number = subject.partition(":")
    if not colon:
        return AuditRow.subject == table
    found = _number(number)
    return false() if found is None else (AuditRow.subject == table) & (AuditRow.subject_id == found)


def _of_customer(customer: str) -> ColumnElement[bool]:
    """Acts that concern a customer: by number of the row, else by the public id of the customer or of a document."""
    number = _number(customer)
    if number is not None:
        return AuditRow.customer_id == number
    other = aliased(AuditRow)
    known = select(other.customer_id).where(
        other.subject_public_id == customer, other.customer_id.is_not(None)
    )
    return AuditRow.customer_id.in_(known)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


LOG = Listing(
    base=select(AuditRow.id),
    id=AuditRow.id,
    columns=(
        Column("id", _("Number"), AuditRow.id, "link", sort=True, to="id"),
        Column("at", _("When"), AuditRow.at, "datetime"),
        Column("actor_name", _("Who"), AuditRow.actor_name),
        Column("action", _("Act"), AuditRow.action),
        Column("module", _("Module"), AuditRow.module),
        Column("subject_label", _("What"), AuditRow.subject_label, clipped=True),
        Column("subject", _("Kind"), AuditRow.subject),
        Column("address", _("Address"), AuditRow.address),
        Column("subject_id", _("Number of what"), AuditRow.subject_id, hidden=True),
        Column("subject_public_id", _("Public id"), AuditRow.subject_public_id, hidden=True),
        Column("customer_id", _("Customer"), AuditRow.customer_id, hidden=True),
        Column("actor_kind", _("Kind of person"), AuditRow.actor_kind, hidden=True),
        Column("actor_user_id", _("Number of the person"), AuditRow.actor_user_id, hidden=True),
        Column("viewed_by", _("Seen by"), AuditRow.viewed_by, hidden=True),
        Column("realm", _("Realm"), AuditRow.realm, hidden=True),
        Column("session_id", _("Session"), AuditRow.session_id, hidden=True),
        Column("token_id", _("Token"), AuditRow.token_id, hidden=True),
        Column("request_id", _("Request"), AuditRow.request_id, hidden=True),
        Column("detail", _("Detail"), AuditRow.detail, hidden=True),
    ),
    default="-id",
    name="audit",
    search=_matching,
    search_hint=_("Search by person, act, name or address"),
    filters=(
        TextFilter("person", _("Person"), _by),
        TextFilter("action", _("Act"), lambda value: AuditRow.action == value),
        TextFilter("module", _("Module"), lambda value: AuditRow.module == value),
        TextFilter("about", _("What"), _about),
        TextFilter("customer", _("Customer"), _of_customer),
        TextFilter("address", _("Address"), lambda value: AuditRow.address == value),
        DateFilter("day", _("Day"), AuditRow.day),
    ),
)


def values(row: AuditRow) -> list[tuple[str, str]]:
    """What an event or a refusal said, by name."""
    said: dict[str, Any] = json.loads(row.detail).get("values", {})
    return [(name, _written(value)) for name, value in said.items()]


def changes(row: AuditRow) -> list[tuple[str, str, str]]:
    """What was changed: name, before, after. Where before was not read it is an ellipsis."""
    pairs: dict[str, list[Any]] = json.loads(row.detail).get("changes", {})
    return [
        (name, _written(pair[0]) if len(pair) == 2 else "…", _written(pair[-1]))
        for name, pair in pairs.items()
    ]


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def history(table: str, number: int) -> str:
    """The address of what the log has of a row."""
    return f"/admin/audit?{urlencode({'about': f'{table}:{number}'})}"
