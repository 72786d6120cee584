"""Running the checks of all modules."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kernel.composition import Check, Finding, House


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
