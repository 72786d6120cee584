"""What `pshell` has in scope."""

from __future__ import annotations

from typing import Any

import transaction

from portal.kernel.composition import House
from portal.ops.loop import EmbeddedWorker


def setup(env: dict[str, Any]) -> None:
    """Add `house`, `db` and `unit` (on `request.tm`; nothing is kept without `request.tm.commit()`); no worker runs."""
    request = env["request"]
    worker = getattr(request.registry, "portal_worker", None)
    if isinstance(worker, EmbeddedWorker):
        worker.stop()
    request.method = "POST"  # a session that may write
    request.tm = transaction.TransactionManager(explicit=True)
    request.tm.begin()
    house: House = request.house
    env.update(house=house, unit=request.unit, db=request.db)
