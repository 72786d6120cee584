"""Background work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acme_loyalty import services
from portal.kernel.unit import Unit


def expire(unit: Unit, payload: Mapping[str, Any]) -> None:
    """Once a day: points older than two years expire."""
    services.expire(unit)
