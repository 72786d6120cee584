"""What an account is found by: kept beside it, folded."""

from __future__ import annotations

import re

from sqlalchemy import select

from portal.kernel.folding import fold, sort_key
from portal.kernel.unit import Unit
from portal.modules.customers.models import Address, Customer, Tag

#: Legal forms say nothing about whether two names mean one company.
_LEGAL_FORMS = frozenset(
    "ab ag aps as asa bv co corp corporation e ev gmbh gbr inc incorporated kg kft kgaa kk limited llc llp ltd mbh nv oy"
    " ohg plc pty sa sarl sas se sl spa sprl srl und and cie".split()
)
#: Providers of mailboxes: a shared domain there says nothing either.
_MAILBOXES = frozenset(
    "gmail.com googlemail.com gmx.de gmx.net web.de t-online.de outlook.com hotmail.com live.com yahoo.com icloud.com"
    " aol.com orange.fr wanadoo.fr libero.it posteo.de proton.me protonmail.com example.com".split()
)
#: How many letters of the name for comparing must agree before two names are compared at all.
BEGIN = 3


def match_name(name: str) -> str:
    """A name for comparing: folded words of letters and digits, without legal forms."""
    words = re.findall(r"[^\W_]+", fold(name).replace(".", ""))
    return " ".join(word for word in words if word not in _LEGAL_FORMS) or fold(name)


def email_domain(email: str) -> str:
    """The domain of an address; "" for mailboxes that anybody can have."""
    domain = email.rpartition("@")[2].lower()
    return "" if domain in _MAILBOXES else domain


def phone_digits(phone: str) -> str:
    """The last nine digits of a telephone number, so that +49 30 … and 030 … agree; "" for short ones."""
    digits = "".join(sign for sign in phone if sign in "0123456789")
    return digits[-9:] if len(digits) >= 6 else ""


def refresh(unit: Unit, customer: Customer) -> None:
    """Bring what the account is found by up to date with its name, addresses and tags, all flushed before."""
    rows = unit.db.execute(
        select(Address.city, Address.billing).where(Address.customer_id == customer.id).order_by(Address.id)
    ).all()
    tags = unit.db.scalars(select(Tag.tag).where(Tag.customer_id == customer.id).order_by(Tag.tag_key)).all()
    cities = [row.city for row in rows if row.billing] + [row.city for row in rows if not row.billing]
    customer.city = next(iter(cities), "")
    customer.city_key = sort_key(customer.city)
    customer.name_key = sort_key(customer.name)
    customer.match_name = match_name(customer.name)[:400]
    customer.match_begin = customer.match_name[:BEGIN]
    customer.email_domain = email_domain(customer.email)
    customer.phone_digits = phone_digits(customer.phone)
    words = [customer.number, customer.name, customer.vat_id, customer.email, *cities, *tags]
    customer.search_text = fold(" ".join(words))
    unit.db.flush()
