"""What operations look at before the first request."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.kernel import ENVIRONMENT
from portal.kernel.composition import House
from portal.kernel.errors import BootRefused
from portal.ops.demo import demo_people


def no_demo_in_production(house: House, session: Session) -> None:
    """Refuse production with people of the demo who can sign in: everybody knows their password."""
    if house.settings[ENVIRONMENT] != "production":
        return
    person = next((one for one in demo_people(session) if one.active), None)
    if person is not None:
        raise BootRefused(
            f"{ENVIRONMENT.key} is production, but {person.email} is a demo user: disable the demo users or use a "
            "database without the demo"
        )
