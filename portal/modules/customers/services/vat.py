"""VAT identification numbers: written in one way, checked where their form is known."""

from __future__ import annotations

from stdnum import exceptions
from stdnum.ch import uid as swiss_uid
from stdnum.ch import vat as swiss
from stdnum.eu import vat as union
from stdnum.gb import vat as british

from portal.kernel.errors import Invalid
from portal.kernel.i18n import _

#: What begins a VAT id in the Union: the country's code, but EL for Greece and XI for Northern Ireland.
_PREFIX = {"GR": "EL"}


def clean_vat_id(text: str, country: str) -> str:
    """A VAT id in capitals without separators; "" for none.

    Form and check digits are checked for member states of the Union, Northern Ireland, Great Britain and Switzerland;
    of other countries any registration number is taken as it stands. Raises Invalid for a wrong one.
    """
    plain = "".join(sign for sign in text.upper() if sign.isalnum())
    if not plain:
        return ""
    if len(plain) > 20:
        raise Invalid({"vat_id": _("This VAT id is too long.")})
    try:
        return _checked(plain, country)
    except exceptions.ValidationError:
        raise Invalid({"vat_id": _("This is not a valid VAT id.")}) from None


def _checked(plain: str, country: str) -> str:
    prefix = plain[:2].lower()
    if prefix in ("xi", "gb"):
        return plain[:2] + british.validate(plain[2:])
    if prefix == "ch" or country == "CH":
        # With or without the ending MWST, TVA or IVA.
        return str((swiss_uid if plain[-1].isdigit() else swiss).validate(plain))
    if prefix in _MEMBERS:
        return str(union.validate(_PREFIX.get(plain[:2], plain[:2]) + plain[2:]))
    if country.lower() in _MEMBERS:
        # Typed without its country: complete it, so that documents show it whole.
        return str(union.validate(_PREFIX.get(country, country) + plain))
    return plain


_MEMBERS = frozenset({*union.MEMBER_STATES, "el"}) - {"xi"}
