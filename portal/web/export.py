"""The one writer of CSV files: safe to open in a spreadsheet, figures as figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO

from pyramid.response import FileIter, Response

from portal.web.formats import decimal

#: Text that begins with one of these is run as a formula by spreadsheets (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_IN_MEMORY = 1_000_000

Cell = str | int | Decimal | date | datetime | bool | None


def written(cell: Cell, locale: str) -> str:
    """A cell as it stands in the file: numbers plain, dates by ISO 8601, text that looks like a formula quoted."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, Decimal):
        return decimal(cell, locale, grouping=False)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def csv_file(head: Sequence[str], rows: Iterable[Sequence[Cell]], locale: str) -> IO[bytes]:
    """The rows as a file at its beginning, UTF-8 with a byte order mark, in memory while it is small.

    Languages that write 1,5 get semicolons between the cells, as their spreadsheets expect.
    """
    separator = ";" if decimal(Decimal("1.5"), locale) == "1,5" else ","
    binary: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by whoever reads it
    text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow([written(cell, locale) for cell in head])
    writer.writerows([written(cell, locale) for cell in row] for row in rows)
    text.detach()
    binary.seek(0)
    return binary


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], locale: str) -> Response:
    """The answer that saves the rows as `<name>.csv`.

    The file is complete before the answer begins, so that an error is an error page and not half a file.
    """
    file = csv_file(head, rows, locale)
    response = Response(content_type="text/csv", charset="utf-8")
    response.content_disposition = f'attachment; filename="{name}.csv"'
    response.app_iter = FileIter(file)
    return response
