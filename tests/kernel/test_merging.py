"""Merging what two people did to one thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.merging import Changed, merge

values = st.fixed_dictionaries({name: st.integers(0, 2) for name in "abc"})


@given(base=values, stored=values, typed=values)
def test_each_field_is_theirs_mine_or_a_question(
    base: dict[str, int], stored: dict[str, int], typed: dict[str, int]
) -> None:
    conflicts = {n: stored[n] for n in base if len({base[n], stored[n], typed[n]}) == 3}
    if conflicts:
        with pytest.raises(Changed) as changed:
            merge(base, stored, typed)
        assert changed.value.stored == conflicts
    else:
        merged = merge(base, stored, typed)
        assert merged == {n: stored[n] if typed[n] == base[n] else typed[n] for n in base}


def test_only_what_was_typed_is_written() -> None:
    assert merge({"a": 1}, {"a": 1, "b": 2}, {"a": 3}) == {"a": 3}


def test_a_field_that_was_not_shown_counts_as_touched() -> None:
    assert merge({}, {"a": 1}, {"a": 2}) == {"a": 2}
