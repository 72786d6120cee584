"""Folding text for searching."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kernel.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller & Søn", "muller & son"),
        ("STRASSE Straße", "strasse strasse"),
        ("Blondesddsl père et fils", "blondesddsl pere et fils"),
        ("Łódź  Ægir\tœuvre", "lodz aegir oeuvre"),
        ("ＦＵＬＬ ﬁne", "full fine"),
        ("  ", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
@settings(max_examples=2000, deadline=None)
def test_folded_text_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)
