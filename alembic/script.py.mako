"""${message}

Locks: say here what this migration locks and for how long. On a big table add columns as nullable, fill them in
batches, and build indexes concurrently.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import portal.kernel.db
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
