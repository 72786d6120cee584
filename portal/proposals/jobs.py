"""Background work of proposals: those that nobody can agree to any more lapse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from portal.kernel.unit import Unit
from portal.proposals import services

LAPSE = "proposals.lapse"
EVERY = timedelta(hours=1)


def lapse(unit: Unit, _payload: Mapping[str, Any]) -> None:
    """Let what is outdated lapse."""
    services.lapse_outdated(unit)
