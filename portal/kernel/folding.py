"""Folding text for searching, so that both databases agree without extensions: "Müller & Søn" is "muller & son"."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, and_, true

#: Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})


def fold(text: str) -> str:
    """Lower case, without marks, ligatures or repeated white space; ß becomes ss. It may be longer than `text`."""
    # Taken apart before and after: styled capitals have no lower case, and lower case can be composed again.
    lower = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_LETTERS)
    return " ".join("".join(sign for sign in lower if not unicodedata.combining(sign)).split())


def sort_key(text: str) -> str:
    """Folded text to order by, at most twice as long as `text` so that it fits its column."""
    return fold(text)[: 2 * len(text)]


def matches(folded: Any, term: str) -> ColumnElement[bool]:
    """The condition that a column of folded text contains every word of what was typed, in any order."""
    return and_(true(), *(folded.contains(word, autoescape=True) for word in fold(term).split()))
