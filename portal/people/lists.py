"""The list of people."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, select

from portal.kernel.folding import matches
from portal.kernel.i18n import _
from portal.kernel.people import Realm
from portal.people.models import User
from portal.web.lists import Badge, ChoiceFilter, Column, Listing

REALMS = {
    Realm.EMPLOYEES.value: Badge(_("Employee"), "info"),
    Realm.CUSTOMERS.value: Badge(_("Customer"), "neutral"),
}
STATES = {
    "active": Badge(_("Active"), "success"),
    "invited": Badge(_("Invited"), "progress"),
    "disabled": Badge(_("Disabled"), "danger"),
}
_state = case((User.active.is_(False), "disabled"), (User.password_hash.is_(None), "invited"), else_="active")


def _in_state(state: str) -> ColumnElement[bool]:
    return _state == state


def _matches(term: str) -> ColumnElement[bool]:
    return matches(User.search_text, term)


USERS = Listing(
    base=select(User.id),
    id=User.id,
    columns=(
        Column("name", _("Name"), User.name, "link", sort=True, to="public_id"),
        Column("public_id", "", User.public_id, hidden=True),
        Column("email", _("E-mail"), User.email),
        Column("realm", _("Kind"), User.realm, "status", states=REALMS),
        Column("state", _("State"), _state, "status", states=STATES),
        Column("created", _("Added"), User.created_at, "datetime", sort=True),
    ),
    default="name",
    name="users",
    search=_matches,
    search_hint=_("Search people"),
    filters=(
        ChoiceFilter(
            "realm",
            _("Kind"),
            {realm: badge.label for realm, badge in REALMS.items()},
            lambda value: User.realm == value,
        ),
        ChoiceFilter(
            "state",
            _("State"),
            {state: badge.label for state, badge in STATES.items()},
            _in_state,
        ),
    ),
)
