"""Who somebody is outside of the portal: at a provider of single sign-on, or in a directory."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id
from portal.kernel.walls import STAFF

#: The longest issuer and subject that are believed; OpenID Connect allows a subject 255 characters.
LONGEST_ISSUER, LONGEST_SUBJECT = 300, 255


class ExternalIdentity(Base):
    """An employee as an issuer names them. The name holds for good, whatever becomes of their e-mail there."""

    __tablename__ = "people_external"
    __wall__ = STAFF
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))

    id: Mapped[Id]
    issuer: Mapped[str] = mapped_column(String(LONGEST_ISSUER))
    subject: Mapped[str] = mapped_column(String(LONGEST_SUBJECT))
    user_id: Mapped[int] = mapped_column(ForeignKey("people_user.id"))
    created_at: Mapped[datetime]
