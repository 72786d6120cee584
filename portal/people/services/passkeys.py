"""Passkeys: made by a browser for this portal alone, and answering challenges that only this portal can make.

Every use is verified by the device (a finger, a face, a PIN): a passkey is two factors by itself, and lets its owner in
without a password.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    options_to_json,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from portal.kernel import BASE_URL, SECRET
from portal.kernel.errors import Refused
from portal.kernel.i18n import _
from portal.kernel.people import Factor
from portal.kernel.unit import Unit
from portal.people.factors import SpentChallenge, StoredFactor
from portal.people.models import User
from portal.people.services.factors import add_factor, advance, checked_factor_name

_LIFETIME = timedelta(minutes=10)
_NONCE, _MOMENT, _MAC = 16, 8, 32


class WrongPasskey(Refused):
    """The browser's answer proves nothing."""

    recorded = True


@dataclass(frozen=True, slots=True)
class Party:
    """Whom passkeys are made for: the host of the portal, and the one origin whose pages may ask."""

    host: str
    origin: str

    @classmethod
    def of(cls, unit: Unit) -> Party:
        """As `portal.base_url` says."""
        parts = urlsplit(unit.setting(BASE_URL))
        return cls(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")


def creation_options(unit: Unit, user: User, browser: str) -> str:
    """What the browser needs to make a passkey, as JSON. `browser` ties the challenge to it."""
    return options_to_json(
        generate_registration_options(
            rp_id=Party.of(unit).host,
            rp_name=unit.company.name,
            user_id=base64url_to_bytes(_handle(unit, user)),
            user_name=user.email,
            user_display_name=user.name,
            challenge=_challenge(unit, "make", browser),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_described(_passkeys(unit, user)),
        )
    )


def add_passkey(unit: Unit, user: User, name: str, credential: str, browser: str) -> None:
    """Add the passkey that a browser made. Raises WrongPasskey, Invalid for `name`, Refused above the limit."""
    name, party = checked_factor_name(unit, user, name), Party.of(unit)
    try:
        made = parse_registration_credential_json(credential)
        verified = verify_registration_response(
            credential=made,
            expected_challenge=_answered(unit, "make", browser, made.response.client_data_json),
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise WrongPasskey(_("The browser made no passkey that can be used here.")) from error
    identifier = bytes_to_base64url(verified.credential_id)
    if unit.db.scalar(select(StoredFactor.id).where(StoredFactor.credential == identifier)) is not None:
        raise WrongPasskey(_("This passkey is there already."))
    add_factor(
        unit,
        user,
        StoredFactor(
            user_id=user.id,
            kind=Factor.PASSKEY.value,
            name=name,
            counter=verified.sign_count,
            credential=identifier,
            public_key=verified.credential_public_key,
            handle=_handle(unit, user),
            created_at=unit.now(),
        ),
    )


def request_options(unit: Unit, browser: str, user: User | None = None) -> str:
    """What the browser needs to answer with a passkey, as JSON; without a user, with any passkey for this portal."""
    return options_to_json(
        generate_authentication_options(
            rp_id=Party.of(unit).host,
            challenge=_challenge(unit, "use", browser),
            allow_credentials=_described(_passkeys(unit, user)) if user is not None else None,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def has_passkey(unit: Unit, user: User) -> bool:
    """Whether the person has a passkey."""
    return bool(_passkeys(unit, user))


def use_passkey(unit: Unit, credential: str, browser: str) -> User:
    """Whose passkey has answered. Each answer is good once. Raises WrongPasskey, in the same words for all that is wrong."""
    party, wrong = Party.of(unit), WrongPasskey(_("This passkey cannot be used here."))
    try:
        answer = parse_authentication_credential_json(credential)
        passkey = unit.db.scalar(
            select(StoredFactor).where(StoredFactor.credential == bytes_to_base64url(answer.raw_id))
        )
        if (
            passkey is None
            or passkey.public_key is None
            or not _is_owner(passkey, answer.response.user_handle)
        ):
            raise wrong
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=_answered(unit, "use", browser, answer.response.client_data_json),
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.counter,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise wrong from error
    user = unit.db.get(User, passkey.user_id)
    if user is None or not user.active:
        raise wrong
    _note_use(unit, passkey, verified.new_sign_count)
    return user


def _note_use(unit: Unit, passkey: StoredFactor, count: int) -> None:
    """Passkeys that several devices share do not count, and say 0 forever."""
    if count == passkey.counter == 0:
        passkey.used_at = unit.now()
    elif not advance(unit, passkey, count):
        raise WrongPasskey(_("This passkey cannot be used here."))


def _is_owner(passkey: StoredFactor, handle: bytes | None) -> bool:
    return handle is None or bytes_to_base64url(handle) == passkey.handle


def _handle(unit: Unit, user: User) -> str:
    """The name under which browsers know the person: it tells nobody who they are, and stays the same."""
    known = next((passkey.handle for passkey in _passkeys(unit, user) if passkey.handle), None)
    subject = f"passkey-handle:{user.public_id}".encode()
    made = hmac.new(unit.setting(SECRET).encode(), subject, hashlib.sha256).digest()
    return known or bytes_to_base64url(made)


def _passkeys(unit: Unit, user: User) -> list[StoredFactor]:
    mine = select(StoredFactor).where(
        StoredFactor.user_id == user.id, StoredFactor.kind == Factor.PASSKEY.value
    )
    return list(unit.db.scalars(mine.order_by(StoredFactor.id)))


def _described(passkeys: list[StoredFactor]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential))
        for passkey in passkeys
        if passkey.credential
    ]


# --- challenges: signed, for one browser and purpose, ten minutes long, each good once ---------------------------


def _challenge(unit: Unit, purpose: str, browser: str) -> bytes:
    ends = int((unit.now() + _LIFETIME).timestamp())
    plain = secrets.token_bytes(_NONCE) + ends.to_bytes(_MOMENT, "big")
    return plain + _mac(unit, purpose, browser, plain)


def _answered(unit: Unit, purpose: str, browser: str, client_data: bytes) -> bytes:
    """The challenge that was answered, used up now. Raises ValueError unless it was made here for this, lately."""
    challenge = parse_client_data_json(client_data).challenge
    plain, mac = challenge[: _NONCE + _MOMENT], challenge[_NONCE + _MOMENT :]
    if len(mac) != _MAC or not hmac.compare_digest(mac, _mac(unit, purpose, browser, plain)):
        raise ValueError("not a challenge of this portal for this browser")
    ends = datetime.fromtimestamp(int.from_bytes(plain[_NONCE:], "big"), UTC)
    if ends < unit.now() or not _spend(unit, challenge, ends):
        raise ValueError("a challenge that is too old, or was answered already")
    return challenge


def _mac(unit: Unit, purpose: str, browser: str, plain: bytes) -> bytes:
    subject = f"passkey:{purpose}:{browser}:".encode() + plain
    return hmac.new(unit.setting(SECRET).encode(), subject, hashlib.sha256).digest()


def _spend(unit: Unit, challenge: bytes, ends: datetime) -> bool:
    insert = sqlite_insert if unit.db.get_bind().dialect.name == "sqlite" else postgresql_insert
    row = {"hash": hashlib.sha256(challenge).hexdigest(), "expires_at": ends}
    spent = insert(SpentChallenge).values(**row).on_conflict_do_nothing().returning(SpentChallenge.id)
    return unit.db.scalar(spent) is not None
