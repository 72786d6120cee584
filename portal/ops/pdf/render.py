"""From a description to the bytes of a PDF, through Typst.

The templates are files of this package; all that is printed reaches them as one JSON string and is shown as text,
never parsed as markup. Templates import no packages, so that nothing is fetched.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import typst

from portal.ops.pdf.account import statement_payload
from portal.ops.pdf.business import business_payload
from portal.ops.pdf.document import PrintDocument, Statement
from portal.ops.pdf.letter import Payload

_TEMPLATES = Path(__file__).resolve().parent / "templates"

# Control characters but the line feed, lone surrogates, and the signs that override the direction of the text after
# them: none of them can be printed, and the last would let a name rewrite what follows it.
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


def render(document: PrintDocument | Statement) -> bytes:
    """The document as an A4 PDF: tagged PDF/A-2a with embedded fonts, the same bytes for the same description.

    Characters that the bundled fonts lack (Latin, Greek, Cyrillic, Hebrew, Arabic and many signs are there) are taken
    from the machine's fonts; those that no font has become boxes, and the file is a plain PDF then.

    Raises `babel.UnknownLocaleError` for an unknown language, `UnknownCurrency`, ValueError for a price or quantity of
    more than six decimals, `typst.TypstError` when the logo cannot be read.
    """
    if isinstance(document, Statement):
        template, payload = "statement.typ", statement_payload(document)
    else:
        template, payload = "document.typ", business_payload(document)
    return _compile(_TEMPLATES / template, payload)


def _compile(template: Path, payload: Payload) -> bytes:
    data = json.dumps(_printable(payload), ensure_ascii=False)
    for system_fonts in (False, True):
        # PDF/A forbids characters without a glyph: the one thing in which data can fail a template.
        with suppress(typst.TypstError):
            return _pdf(template, data, system_fonts, ["a-2a"])
    return _pdf(template, data, system_fonts=True, standards=[])


def _pdf(template: Path, data: str, system_fonts: bool, standards: list[typst.PDFStandard]) -> bytes:
    compiler = typst.Compiler(
        template, root=_TEMPLATES, font_paths=_fonts(system_fonts), sys_inputs={"data": data}
    )
    pdf = compiler.compile(format="pdf", pdf_standards=standards)
    if not isinstance(pdf, bytes):
        raise TypeError(f"one PDF was asked for, not {type(pdf).__name__}")
    return pdf


@lru_cache(maxsize=2)
def _fonts(system_fonts: bool) -> typst.Fonts:
    return typst.Fonts(system_fonts, include_embedded_fonts=False, font_paths=[_TEMPLATES / "fonts"])


def _printable(value: Any) -> Any:
    """The payload with each of its texts freed from what cannot be printed."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("", value.replace("\t", " "))
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in cast(Payload, value).items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in cast(list[Any], value)]
    return value
