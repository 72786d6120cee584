"""The settings of people."""

from __future__ import annotations

from portal.kernel.settings import Setting, boolean, positive

SESSION_IDLE = Setting(
    "portal.people.session_idle", positive, "480", "minutes without a request after which a session has ended"
)
SESSION_LIFETIME = Setting(
    "portal.people.session_lifetime",
    positive,
    "168",
    "hours after which one has to sign in again, however busy",
)
VERIFY_MINUTES = Setting(
    "portal.people.verify_minutes",
    positive,
    "10",
    "minutes after a proof of identity in which one may change what matters: password, factors, tokens, rights",
)
NEW_BROWSER_MAIL = Setting(
    "portal.people.new_browser_mail",
    boolean,
    "true",
    "whether people are told by mail of a sign-in from a browser in which they had not signed in before",
)
ATTEMPTS_WINDOW = Setting(
    "portal.people.attempts_window", positive, "15", "minutes during which a failed attempt to sign in counts"
)
ATTEMPTS_PAIR = Setting(
    "portal.people.attempts_pair",
    positive,
    "8",
    "failed attempts allowed for one e-mail from one network address",
)
ATTEMPTS_ACCOUNT = Setting(
    "portal.people.attempts_account", positive, "40", "failed attempts allowed for one e-mail from anywhere"
)
ATTEMPTS_ADDRESS = Setting(
    "portal.people.attempts_address", positive, "100", "failed attempts allowed from one network address"
)
ATTEMPTS_OVERALL = Setting(
    "portal.people.attempts_overall",
    positive,
    "2000",
    "failed attempts allowed of everybody together, but for people in browsers that are known",
)
FORGOTTEN_PAIR = Setting(
    "portal.people.forgotten_pair",
    positive,
    "8",
    "links for a forgotten password that one network address may ask for in the name of one e-mail",
)
FORGOTTEN_ACCOUNT = Setting(
    "portal.people.forgotten_account",
    positive,
    "40",
    "links for a forgotten password that may be asked for from anywhere in the name of one e-mail",
)
FORGOTTEN_ADDRESS = Setting(
    "portal.people.forgotten_address",
    positive,
    "100",
    "links for a forgotten password that one network address may ask for",
)
INVITATIONS_PER_DAY = Setting(
    "portal.people.invitations_per_day",
    positive,
    "20",
    "colleagues that the people of one customer account may invite within 24 hours",
)
RESET_MINUTES = Setting(
    "portal.people.reset_minutes", positive, "60", "minutes for which the link of a forgotten password works"
)
LINK_SIGN_IN = Setting(
    "portal.people.link_sign_in",
    boolean,
    "true",
    "whether people of customers may sign in by a link sent by mail",
)
LINK_MINUTES = Setting(
    "portal.people.link_minutes", positive, "15", "minutes for which the link for signing in works"
)
INVITATION_DAYS = Setting(
    "portal.people.invitation_days", positive, "14", "days for which the link of an invitation works"
)
TOKEN_DAYS = Setting("portal.people.token_days", positive, "365", "days for which an API token works at most")
DOCUMENT_LINKS = Setting(
    "portal.people.document_links",
    boolean,
    "false",
    "whether mails with a quotation or an invoice carry a link that opens it without an account",
)
DOCUMENT_LINK_DAYS = Setting(
    "portal.people.document_link_days", positive, "30", "days for which a link to a document works at most"
)

SETTINGS = (
    SESSION_IDLE,
    SESSION_LIFETIME,
    VERIFY_MINUTES,
    NEW_BROWSER_MAIL,
    ATTEMPTS_WINDOW,
    ATTEMPTS_PAIR,
    ATTEMPTS_ACCOUNT,
    ATTEMPTS_ADDRESS,
    ATTEMPTS_OVERALL,
    FORGOTTEN_PAIR,
    FORGOTTEN_ACCOUNT,
    FORGOTTEN_ADDRESS,
    RESET_MINUTES,
    LINK_SIGN_IN,
    LINK_MINUTES,
    INVITATION_DAYS,
    INVITATIONS_PER_DAY,
    TOKEN_DAYS,
    DOCUMENT_LINKS,
    DOCUMENT_LINK_DAYS,
)
