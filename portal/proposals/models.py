"""The table of proposals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base, Id, PublicId
from portal.kernel.walls import STAFF

OPEN, AGREED, DECLINED, WITHDRAWN, LAPSED = "open", "agreed", "declined", "withdrawn", "lapsed"


class Proposal(Base):
    """An act above its limit, which waits for a second person: open → agreed, declined, withdrawn or lapsed.

    - `kind` and `document` (a public id) refer to what it is about, "" for no document; `title` is how that is called.
    - `target` is unique among the open proposals of an act: the document, or what else can be proposed once at a time.
    - `amount` in minor units of `currency`, as the document says it; `base_amount` what the limit was compared with, in
      the base currency. NULL for an act of no amount.
    - `arguments`: JSON, what the verb gets; `seen`: the state that the verb saw. With another one it lapses.
    - `proposed_user_id` is NULL where the portal itself proposed. `reason` of a decline or a lapse.
    - `outcome_kind` and `outcome` refer to what came of it.
    """

    __tablename__ = "proposals_proposal"
    __wall__ = STAFF
    __table_args__ = (
        CheckConstraint("state IN ('open', 'agreed', 'declined', 'withdrawn', 'lapsed')", name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint(
            "state <> 'agreed' OR decided_user_id IS NOT NULL AND"
            " (proposed_user_id IS NULL OR proposed_user_id <> decided_user_id)",
            name="second",
        ),
        Index("ix_proposals_proposal_state", "state", "id"),
        Index("ix_proposals_proposal_document", "document", "kind"),
        Index("ix_proposals_proposal_outcome", "outcome", "outcome_kind"),
        Index("ix_proposals_proposal_proposed_user_id", "proposed_user_id", "id"),
        Index(
            "uq_proposals_proposal_open",
            "act",
            "target",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    act: Mapped[str] = mapped_column(String(80))
    module: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(80))
    document: Mapped[str] = mapped_column(String(26))
    target: Mapped[str] = mapped_column(String(120))
    amount: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    base_amount: Mapped[int | None]
    arguments: Mapped[str] = mapped_column(Text)
    seen: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default=OPEN)
    proposed_by: Mapped[str] = mapped_column(String(200))
    proposed_user_id: Mapped[int | None]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_user_id: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500), default="")
    outcome_kind: Mapped[str] = mapped_column(String(80), default="")
    outcome: Mapped[str] = mapped_column(String(26), default="")

    @property
    def given(self) -> Mapping[str, Any]:
        """The arguments of the verb."""
        found: Mapping[str, Any] = json.loads(self.arguments)
        return found
