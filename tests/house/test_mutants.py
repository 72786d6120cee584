"""The list of mutants fits the sources: each text to break stands where the list says, each test it names is there."""

from __future__ import annotations

import pytest
from mutants.seeded import Mutant, seeded

MUTANTS = seeded()


def test_there_are_enough_and_no_two_of_one_name() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 60


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_mutant_can_be_tried(mutant: Mutant) -> None:
    assert mutant.is_applicable()
    assert mutant.before != mutant.after
    assert mutant.tests
    assert mutant.lacking_tests() == []
