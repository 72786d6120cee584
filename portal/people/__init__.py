"""People: users of two realms, signing in, sessions, roles, memberships in customer accounts.

Owns: users, sessions, grants of roles, memberships, one-time links, counted attempts, kept forms, form drafts.
Publishes: UserAdded, RoleGranted, RoleRevoked, UserDisabled, PasswordChanged, EmailChanged, SessionsEnded.
Asks: IMail. Pages: /sign-in, /sign-in-by-mail, /sign-out, /verify, /forgotten, /reset, /invitation, /confirm-email, /account,
/admin/users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.kernel.card import Card
from portal.kernel.i18n import _
from portal.people.directory import settings as directory_settings
from portal.people.permissions import FOUR_EYES, PERMISSIONS, ROLES
from portal.people.settings import SETTINGS
from portal.people.sso import settings as sso_settings

if TYPE_CHECKING:
    from portal.kernel.composition import Composer

CARD = Card(
    name="people",
    title=_("People"),
    package="portal.people",
    permissions=PERMISSIONS,
    roles=ROLES,
    settings=(*SETTINGS, *sso_settings.SETTINGS, *directory_settings.SETTINGS),
    four_eyes=FOUR_EYES,
    migrations=True,
    house=True,
)


def includeme(config: Composer) -> None:
    """Connect people."""
    from portal.people import (
        admin,
        api_tokens,
        bearer,
        demo,
        drafts,
        guards,
        identity,
        jobs,
        kept,
        opened,
        verification,
    )
    from portal.people.directory import ldap
    from portal.people.events import UserDisabled
    from portal.people.permissions import ADMINISTER, EXPLAIN, GRANT_ACT, VIEW_AS
    from portal.people.resources import profile_root
    from portal.people.services.tokens import LINK_JOB, RESET_JOB
    from portal.people.sso import outside
    from portal.web import viewing
    from portal.web.slots import ADMIN_PAGES, FORM_KEEPER

    config.add_view_deriver(viewing.viewing_deriver, name="viewing", under="exact", over="fresh")
    config.add_view_deriver(verification.fresh_deriver, name="fresh", under="exact", over="refusal")
    config.add_view_deriver(bearer.bearer_deriver, name="bearer", under="exact", over="fresh")
    config.add_view_deriver(drafts.drafts_deriver, name="drafts", under="fresh", over="refusal")
    config.identify_by("token", bearer.identify, module=CARD.name, order=10)
    config.identify_by("document", opened.identify, module=CARD.name, order=20)
    config.identify_by("session", identity.identify, module=CARD.name)
    config.offer(FORM_KEEPER, kept.keep, module=CARD.name)
    config.ask_for_roles(identity.administrator_names, module=CARD.name)
    config.mount(CARD, profile_root, segment="account")
    config.offer(ADMIN_PAGES, admin.users_page, module=CARD.name, permission=ADMINISTER, order=10)
    config.offer(ADMIN_PAGES, admin.roles_page, module=CARD.name, permission=ADMINISTER, order=11)
    config.offer(ADMIN_PAGES, admin.access_page, module=CARD.name, permission=EXPLAIN, order=12)
    config.offer(ADMIN_PAGES, admin.view_as_page, module=CARD.name, permission=VIEW_AS, order=13)
    config.guard(
        GRANT_ACT, module=CARD.name, describe=guards.describe, seen=guards.seen, perform=guards.perform
    )
    config.hear(UserDisabled, api_tokens.end_with_owner, module=CARD.name)
    config.job(RESET_JOB, jobs.reset_job, module=CARD.name)
    config.job(LINK_JOB, jobs.link_job, module=CARD.name)
    config.job(jobs.TIDY, jobs.tidy_job, module=CARD.name, every=jobs.EVERY)
    outside.connect(config, CARD.name)
    ldap.connect(config, CARD.name)
    config.demo(demo.run, module=CARD.name)
    config.scan("portal.people.views")
