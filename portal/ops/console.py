"""What a command of the `portal` command line works with; modules' own commands get it as click's `obj`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from portal.kernel.composition import Composer, House
from portal.kernel.gate import check_database
from portal.kernel.people import Actor
from portal.kernel.unit import Unit

#: Who is named in history as the one who did it.
COMMAND_LINE = Actor("system", "command line")


class Console:
    """A house composed from an ini file, and units of work in it."""

    def __init__(
        self, source: Path, raw: Mapping[str, str], compose: Callable[[Mapping[str, str]], Composer]
    ) -> None:
        self.source = source
        self.raw = raw
        self._compose = compose

    @cached_property
    def composed(self) -> Composer:
        """What the ini composes, without a look at the database. Raises BootRefused."""
        config = self._compose(self.raw)
        config.house.source = self.source
        return config

    @property
    def bare_house(self) -> House:
        """The house without a look at the database. Raises BootRefused."""
        return self.composed.house

    @cached_property
    def house(self) -> House:
        """The house, its database migrated and checked. Raises BootRefused."""
        check_database(self.bare_house)
        return self.bare_house

    def close(self) -> None:
        """Give the connections to the database back."""
        if "composed" in self.__dict__:
            self.bare_house.database.engine.dispose()

    @contextmanager
    def unit(self) -> Generator[Unit]:
        """A unit of work, committed at the end; rolled back when the block raises."""
        with self.house.database.session(write=True) as session:
            yield self.house.unit(session, COMMAND_LINE)
            session.commit()

    @contextmanager
    def reading(self) -> Generator[Unit]:
        """A unit that only reads."""
        with self.house.database.session(write=False) as session:
            yield self.house.unit(session, COMMAND_LINE)
