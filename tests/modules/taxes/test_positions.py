"""The position of a buyer: a table of cases, and that every pair of countries has exactly one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.modules.taxes.interfaces import Position
from portal.modules.taxes.services.positions import decide

TODAY = date(2026, 11, 2)
D, V, U, X = Position.DOMESTIC, Position.UNION_VAT_ID, Position.UNION, Position.EXPORT

CASES = [
    # seller, buyer, VAT id, expected
    ("DE", "DE", "", D),
    ("DE", "DE", "DE136695976", D),
    ("DE", "DE", "FR40303265045", D),
    ("DE", "FR", "FR40303265045", V),
    ("DE", "FR", "", U),
    ("DE", "FR", "DE136695976", U),  # registered only at home: no exempt supply
    ("DE", "FR", "CHE107787577", U),
    ("DE", "FR", "12345", U),
    ("DE", "GR", "EL094259216", V),
    ("DE", "EL", "EL094259216", V),
    ("GR", "GR", "EL094259216", D),
    ("GR", "DE", "EL094259216", U),
    ("DE", "CH", "CHE107787577", X),
    ("DE", "US", "", X),
    ("DE", "GB", "GB980780684", X),
    ("DE", "GB", "XI980780684", V),
    ("DE", "XI", "XI980780684", V),
    ("DE", "XI", "", U),
    ("DE", "NO", "DE136695976", X),
    ("FR", "MC", "", D),
    ("DE", "MC", "FR40303265045", V),
    ("GB", "IM", "", D),
    ("GB", "DE", "DE136695976", X),
    ("CH", "DE", "DE136695976", X),
    ("CH", "CH", "", D),
    ("de", " fr ", " fr40303265045", V),
]


@pytest.mark.parametrize(("seller", "buyer", "vat_id", "expected"), CASES)
def test_position(seller: str, buyer: str, vat_id: str, expected: Position) -> None:
    assert decide(seller, buyer, vat_id, TODAY) is expected


def test_membership_begins_with_accession() -> None:
    assert decide("DE", "HR", "HR33392005961", date(2013, 6, 30)) is X
    assert decide("DE", "HR", "HR33392005961", date(2013, 7, 1)) is V


_country = st.one_of(
    st.sampled_from(["DE", "FR", "GR", "EL", "GB", "XI", "MC", "US", "CH", "HR"]), st.text(max_size=4)
)


@given(seller=_country, buyer=_country, vat_id=st.text(max_size=20), on=st.dates())
def test_position_is_total(seller: str, buyer: str, vat_id: str, on: date) -> None:
    found = decide(seller, buyer, vat_id, on)
    assert found in Position
    if seller.strip().upper() == buyer.strip().upper():
        assert found is D
    if not vat_id.strip():
        assert found is not V
