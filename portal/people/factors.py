"""The tables of second factors."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id, PublicId
from portal.kernel.people import Factor
from portal.kernel.walls import STAFF

FACTOR_NAME_LENGTH = 60


class StoredFactor(Base):
    """An app that shows one-time codes, or a passkey; its owner gave it a name.

    Of an app: `secret` is sealed, `counter` the step of the last code that was accepted; each code is good once.
    Of a passkey: `credential` names it, `public_key` checks it, `counter` is what it last counted its uses to, and
    `handle` is the random name under which the browser knows the person; all passkeys of a person have the same.
    """

    __tablename__ = "people_factor"
    __wall__ = STAFF
    __table_args__ = (
        CheckConstraint(
            "(kind = 'totp' AND secret IS NOT NULL AND credential IS NULL) OR (kind = 'passkey' AND secret IS NULL AND"
            " credential IS NOT NULL AND public_key IS NOT NULL AND handle IS NOT NULL)",
            name="kind",
        ),
        Index("ix_people_factor_user_id", "user_id"),
        {"info": {"audit": False}},
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(FACTOR_NAME_LENGTH))
    counter: Mapped[int]
    secret: Mapped[str | None] = mapped_column(String(300))
    credential: Mapped[str | None] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    handle: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @property
    def is_passkey(self) -> bool:
        """Whether it is a passkey rather than an app."""
        return self.kind == Factor.PASSKEY.value


class RecoveryCode(Base):
    """A code that stands in for a lost factor, once; only the SHA-256 of it with its owner is known."""

    __tablename__ = "people_recovery_code"
    __wall__ = STAFF
    __table_args__ = (Index("ix_people_recovery_code_user_id", "user_id"),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    used_at: Mapped[datetime | None]


class SpentChallenge(Base):
    """The SHA-256 of a challenge that a passkey has answered: no answer to it counts again."""

    __tablename__ = "people_spent_challenge"
    __wall__ = STAFF
    __table_args__ = (Index("ix_people_spent_challenge_expires_at", "expires_at"),)

    id: Mapped[Id]
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
