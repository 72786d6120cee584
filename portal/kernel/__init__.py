"""The kernel: composition, tree, security, events, unit of work, jobs, money, settings, database.

Owns: background job rows, one-time operations.
It knows no business and no HTML, and names no module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel import company
from portal.kernel.card import Card
from portal.kernel.i18n import _
from portal.kernel.settings import Setting, boolean, choice, positive, text, words

ENVIRONMENT = Setting(
    "portal.environment", choice("development", "production"), "development", "how strict the boot is"
)
MODULES = Setting("portal.modules", words, None, "the modules of the portal, in any order")
BASE_URL = Setting("portal.base_url", text, None, "address of the portal as people see it; used in mails")
SECRET = Setting("portal.secret", text, None, "signs cookies; at least 32 characters", secret=True)
DATABASE = Setting("portal.database.url", text, None, "sqlite:///file or postgresql://…", secret=True)
POOL_SIZE = Setting("portal.database.pool_size", positive, "10", "connections kept open per process")
POOLER = Setting("portal.database.pooler", boolean, "false", "true behind PgBouncer or another pooler")
CUSTOMERS_ROLE = Setting(
    "portal.database.customers_role",
    text,
    "",
    "database role that requests of customers take (PostgreSQL); empty: portal_customers_ and the database's name",
)
STATEMENT_TIMEOUT = Setting(
    "portal.database.statement_timeout", positive, "15", "seconds a statement may take (PostgreSQL)"
)
LOCK_TIMEOUT = Setting(
    "portal.database.lock_timeout", positive, "3", "seconds to wait for a lock (PostgreSQL)"
)

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="kernel",
    title=_("Kernel"),
    package="portal.kernel",
    settings=(
        ENVIRONMENT,
        MODULES,
        BASE_URL,
        SECRET,
        DATABASE,
        POOL_SIZE,
        POOLER,
        CUSTOMERS_ROLE,
        STATEMENT_TIMEOUT,
        LOCK_TIMEOUT,
        *company.SETTINGS,
    ),
    migrations=True,
    house=True,
)


def includeme(config: Composer) -> None:
    """The kernel registers nothing of its own: it is what the others register with."""
