"""Running the checks of all modules, and comparing chains with what was noted of them elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.kernel.composition import Check, Finding, House
from portal.kernel.slots import Slot

#: Chains of hashes: offered is what gives the hashes of links by name; of None, those of the last link of each chain.
CHAINS: Slot[Callable[[Session, Collection[str] | None], Mapping[str, str]]] = Slot("ops.verify.chains")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found; nothing means that all is well."""

    check: Check
    findings: tuple[Finding, ...]


def verify(house: House) -> list[Verified]:
    """Run every check in a reading session of its own."""
    results: list[Verified] = []
    for check in house.checks.values():
        with house.database.session(write=False) as session:
            results.append(Verified(check, tuple(check.run(session))))
    return results


def heads(house: House) -> dict[str, str]:
    """The last link of each chain, by name, with its hash."""
    return _links(house, None)


def lost(house: House, noted: Collection[tuple[str, str]]) -> list[Finding]:
    """Links that were noted, by name and hash, and are not there any more as they were."""
    found = _links(house, {name for name, _hash in noted})
    return [
        Finding("head", name, "has another hash" if name in found else "is not there any more")
        for name, hash_ in noted
        if found.get(name) != hash_
    ]


def _links(house: House, names: Collection[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    with house.database.session(write=False) as session:
        for offer in house.offered(CHAINS):
            found.update(offer.call(session, names))
    return found
