"""When two e-mail addresses are the same."""

from __future__ import annotations

import unicodedata

from portal.kernel.errors import Invalid
from portal.kernel.i18n import _
from portal.kernel.mail import EMAIL_LENGTH, is_email


def fold_email(email: str) -> str:
    """What decides whether two addresses are the same: NFKC and case folding.

    Look-alikes of other alphabets stay different. Mail always goes to the stored address, never to a typed one.
    """
    compatible = unicodedata.normalize("NFKC", email.strip())
    return unicodedata.normalize("NFKC", compatible.casefold())


def checked_email(email: str) -> str:
    """The address as it is stored. Raises Invalid for the field `email`."""
    email = unicodedata.normalize("NFC", email.strip())
    if not is_email(email) or len(fold_email(email)) > EMAIL_LENGTH:
        raise Invalid({"email": _("Enter an e-mail address such as name@example.com.")})
    return email
