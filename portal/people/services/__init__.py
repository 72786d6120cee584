"""The verbs about people. Each takes the unit of work; none sees a request."""

from __future__ import annotations

from portal.people.services.grants import administrators, grant, revoke, roles_of, set_roles
from portal.people.services.memberships import (
    Member,
    accept,
    add_membership,
    change_scopes,
    end_membership,
    invite_member,
    members_of,
    memberships_of,
    rename_account,
)
from portal.people.services.sessions import end_session, end_sessions, last_seen, start_session
from portal.people.services.sign_in import Visitor, change_password, check_password, sign_in
from portal.people.services.tokens import (
    Kind,
    find_token,
    request_reset,
    send_invitation,
    send_reset,
    spend_token,
)
from portal.people.services.users import (
    UserFacts,
    add_user,
    change_profile,
    disable,
    enable,
    find_user,
    invite,
    list_users,
    set_password,
    user_by_id,
    user_by_public_id,
)

__all__ = [
    "Kind",
    "Member",
    "UserFacts",
    "Visitor",
    "accept",
    "add_membership",
    "add_user",
    "administrators",
    "change_password",
    "change_profile",
    "change_scopes",
    "check_password",
    "disable",
    "enable",
    "end_membership",
    "end_session",
    "end_sessions",
    "find_token",
    "find_user",
    "grant",
    "invite",
    "invite_member",
    "last_seen",
    "list_users",
    "members_of",
    "memberships_of",
    "rename_account",
    "request_reset",
    "revoke",
    "roles_of",
    "send_invitation",
    "send_reset",
    "set_password",
    "set_roles",
    "sign_in",
    "spend_token",
    "start_session",
    "user_by_id",
    "user_by_public_id",
]
