"""Second factors: apps with one-time codes, recovery codes, and what is common to them and to passkeys."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pyotp import random_base32
from pyotp.totp import TOTP
from sqlalchemy import delete, func, insert, select, update

from portal.kernel import SECRET
from portal.kernel.errors import Conflict, Invalid, Refused
from portal.kernel.i18n import _
from portal.kernel.people import Factor, Realm
from portal.kernel.policy import policy_of
from portal.kernel.sealing import Unsealable, seal, unseal
from portal.kernel.unit import Unit
from portal.people import mails
from portal.people.events import (
    FactorAdded,
    FactorRemoved,
    FactorsReset,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
)
from portal.people.factors import FACTOR_NAME_LENGTH, RecoveryCode, StoredFactor
from portal.people.models import User
from portal.people.services import attempts, grants
from portal.people.services.attempts import Visitor

RECOVERY_CODES = 10
_MOST = 20
_STEP = 30
_TOTP = "totp"


class WrongCode(Refused):
    """The code is wrong or was used."""

    recorded = True


@dataclass(frozen=True, slots=True)
class FactorFacts:
    """A factor as its owner sees it."""

    public_id: str
    is_passkey: bool
    name: str
    created_at: datetime
    used_at: datetime | None


def has_factor(unit: Unit, user: User) -> bool:
    """Whether the person has any second factor: signing in then asks for one."""
    return unit.db.scalar(select(StoredFactor.id).where(StoredFactor.user_id == user.id).limit(1)) is not None


def factors_of(unit: Unit, user: User) -> Sequence[FactorFacts]:
    """The factors of a person, oldest first."""
    found = select(StoredFactor).where(StoredFactor.user_id == user.id).order_by(StoredFactor.id)
    return [
        FactorFacts(one.public_id, one.is_passkey, one.name, one.created_at, one.used_at)
        for one in unit.db.scalars(found)
    ]


# --- apps with one-time codes ------------------------------------------------------------------------------------


def new_secret() -> str:
    """A secret for an app, 160 random bits."""
    return random_base32()


def provisioning_uri(unit: Unit, user: User, secret: str) -> str:
    """What the QR code for the app says."""
    return TOTP(secret).provisioning_uri(name=user.email, issuer_name=unit.company.name)


def add_totp(unit: Unit, user: User, name: str, secret: str, code: str) -> None:
    """Add an app that has shown the right code. Raises Invalid for `name` or `code`, Refused above the limit."""
    name = checked_factor_name(unit, user, name)
    step = _matching_step(unit, secret, code)
    if step is None:
        raise Invalid(
            {"code": _("This is not the code that the app shows now. Is the clock of the device right?")}
        )
    add_factor(
        unit,
        user,
        StoredFactor(
            user_id=user.id,
            kind=Factor.TOTP.value,
            name=name,
            secret=seal(unit, _TOTP, secret),
            counter=step,
            created_at=unit.now(),
        ),
    )


def prove(unit: Unit, user: User, code: str, visitor: Visitor) -> Factor:
    """Take a one-time code or a recovery code of the person; each is good once, however many send it at a time.

    The caller limits how often one may try. Raises WrongCode.
    """
    typed = "".join(code.split()).replace("-", "")
    if _spend_totp(unit, user, typed):
        factor = Factor.TOTP
    elif _spend_recovery(unit, user, typed):
        factor = Factor.RECOVERY
    else:
        raise WrongCode(_("This code is wrong, or was used already."))
    attempts.forgive(unit, visitor, attempts.FACTOR)
    return factor


def _spend_totp(unit: Unit, user: User, code: str) -> bool:
    apps = select(StoredFactor).where(StoredFactor.user_id == user.id, StoredFactor.kind == Factor.TOTP.value)
    for app in unit.db.scalars(apps).all():
        step = _matching_step(unit, _secret_of(unit, app), code)
        if step is not None and advance(unit, app, step):
            return True
    return False


def advance(unit: Unit, factor: StoredFactor, counter: int) -> bool:
    """Note a use with its counter; False when somebody else used it with this counter or a later one."""
    spent = unit.db.scalar(
        update(StoredFactor)
        .where(StoredFactor.id == factor.id, StoredFactor.counter < counter)
        .values(counter=counter, used_at=unit.now())
        .returning(StoredFactor.id)
        .execution_options(synchronize_session=False)
    )
    return spent is not None


def _secret_of(unit: Unit, app: StoredFactor) -> str | None:
    """None where the secret of the portal is another since: the way back is `portal users reset`."""
    try:
        return unseal(unit, _TOTP, app.secret or "")
    except Unsealable:
        return None


def _matching_step(unit: Unit, secret: str | None, code: str) -> int | None:
    """The step of half a minute whose code this is: the present one, the one before or the one after."""
    code = "".join(code.split())
    if secret is None or not (code.isascii() and code.isdecimal()):
        return None
    now, totp = int(unit.now().timestamp()) // _STEP, TOTP(secret)
    steps = [step for step in (now - 1, now, now + 1) if hmac.compare_digest(totp.generate_otp(step), code)]
    return max(steps, default=None)


# --- recovery codes ----------------------------------------------------------------------------------------------


def renew_recovery_codes(unit: Unit, user: User, seen: str) -> list[str]:
    """New recovery codes in place of all others; they are stored nowhere, so this is the only time to see them.

    `seen` is `recovery_codes_mark` of the codes that are to be replaced. Raises Conflict where others have taken their
    place since, Refused for somebody without a factor.
    """
    if not has_factor(unit, user):
        raise Refused(_("Recovery codes stand in for a second factor. Add one first."))
    # The person's row is locked, so that of two pages at once the second sees what the first has made.
    unit.db.refresh(user, with_for_update={"key_share": True})
    if not hmac.compare_digest(seen.encode(), recovery_codes_mark(unit, user).encode()):
        raise Conflict(
            _(
                "New recovery codes were made meanwhile, on another page or by a second click, and only those work. If you have not kept them, make new ones."
            )
        )
    _delete_recovery_codes(unit, user)
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _number in range(RECOVERY_CODES)]
    unit.db.execute(
        insert(RecoveryCode), [{"user_id": user.id, "hash": _recovery_hash(user, code)} for code in codes]
    )
    unit.publish(RecoveryCodesRenewed(user.id))
    mails.notice(unit, user, _("New recovery codes were made for you; the earlier ones no longer work."))
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def recovery_codes_mark(unit: Unit, user: User) -> str:
    """What tells one set of a person's codes from another, and says nothing about them."""
    hashes = select(RecoveryCode.hash).where(RecoveryCode.user_id == user.id).order_by(RecoveryCode.hash)
    subject = "recovery-codes:" + " ".join(unit.db.scalars(hashes))
    return hmac.new(unit.setting(SECRET).encode(), subject.encode(), sha256).hexdigest()[:32]


def recovery_codes_left(unit: Unit, user: User) -> int:
    """How many recovery codes can still be used."""
    left = select(func.count()).where(RecoveryCode.user_id == user.id, RecoveryCode.used_at.is_(None))
    return unit.db.scalar(left) or 0


def _spend_recovery(unit: Unit, user: User, code: str) -> bool:
    spent = unit.db.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.hash == _recovery_hash(user, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=unit.now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    if spent is None:
        return False
    left = recovery_codes_left(unit, user)
    unit.publish(RecoveryCodeUsed(user.id, left))
    mails.notice(
        unit, user, _("One of your recovery codes was used; ${left} are left.", mapping={"left": left})
    )
    return True


def _recovery_hash(user: User, code: str) -> str:
    return sha256(f"{user.id}:{code.lower()}".encode()).hexdigest()


def _delete_recovery_codes(unit: Unit, user: User) -> None:
    unit.db.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user.id)
        .execution_options(synchronize_session=False)
    )


# --- adding and removing -----------------------------------------------------------------------------------------


def checked_factor_name(unit: Unit, user: User, name: str) -> str:
    """The name of a new factor as it is stored. Raises Invalid for `name`, Refused for somebody who has plenty."""
    name = " ".join(name.split())
    if not name or len(name) > FACTOR_NAME_LENGTH or not name.isprintable():
        raise Invalid(
            {
                "name": _(
                    "Enter a name of at most ${longest} characters.", mapping={"longest": FACTOR_NAME_LENGTH}
                )
            }
        )
    if len(factors_of(unit, user)) >= _MOST:
        raise Refused(_("You have ${most} factors. Remove one first.", mapping={"most": _MOST}))
    return name


def add_factor(unit: Unit, user: User, factor: StoredFactor) -> None:
    """Store a factor that was proved, and tell the owner."""
    unit.db.add(factor)
    unit.db.flush()
    unit.publish(FactorAdded(user.id, Factor(factor.kind), factor.name))
    mails.notice(unit, user, _("A second factor was added: “${name}”.", mapping={"name": factor.name}))


def remove_factor(unit: Unit, user: User, public_id: str) -> str:
    """Remove a factor, with the last one the recovery codes too; returns its name.

    Raises Refused for an unknown one, and for the last one while a module that the person may enter demands one.
    """
    # The person's row is locked, so that two factors removed at once are not both the last but one.
    unit.db.refresh(user, with_for_update={"key_share": True})
    mine = unit.db.scalars(select(StoredFactor).where(StoredFactor.user_id == user.id)).all()
    factor = next((one for one in mine if one.public_id == public_id), None)
    if factor is None:
        raise Refused(_("You no longer have this factor."))
    if len(mine) == 1:
        _may_go_without(unit, user)
        _delete_recovery_codes(unit, user)
    unit.db.delete(factor)
    unit.db.flush()
    unit.publish(FactorRemoved(user.id, Factor(factor.kind), factor.name))
    mails.notice(unit, user, _("A second factor was removed: “${name}”.", mapping={"name": factor.name}))
    return factor.name


def remove_all_factors(unit: Unit, user: User) -> int:
    """Remove every factor and recovery code of somebody who has lost theirs; returns how many factors there were."""
    removed = len(factors_of(unit, user))
    _delete_recovery_codes(unit, user)
    unit.db.execute(
        delete(StoredFactor)
        .where(StoredFactor.user_id == user.id)
        .execution_options(synchronize_session=False)
    )
    unit.publish(FactorsReset(user.id, removed))
    return removed


def _may_go_without(unit: Unit, user: User) -> None:
    if Realm(user.realm) is Realm.CUSTOMERS:
        entered = {"my"}
    else:
        entered = {role.partition(".")[0] for role in grants.roles_of(unit, user)}
    for card in unit.house.cards:
        if card.name in entered and card.permissions and unit.setting(policy_of(card).require_mfa):
            raise Refused(
                _(
                    "The portal demands a second factor of you. Add another one before you remove the last.",
                )
            )
