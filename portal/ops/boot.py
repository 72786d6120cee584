"""What operations look at before the first request."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.kernel import ENVIRONMENT
from portal.kernel.composition import House
from portal.kernel.errors import BootRefused
from portal.ops.demo import demo_people


def no_demo_in_production(house: House, session: Session) -> None:
    """Refuse production with people of the demo, whose password everybody knows."""
    if house.settings[ENVIRONMENT] != "production":
        return
    people = demo_people(session)
    if people:
        raise BootRefused(
            f"the database has the demo user {people[0].email}, which {ENVIRONMENT.key} = production refuses"
        )
