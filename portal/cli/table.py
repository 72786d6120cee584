"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click


def echo_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under a heading, each column as wide as its widest cell; numbers stand on the right."""
    body = [[str(cell) for cell in row] for row in rows]
    raw = [list(head), *body]
    widths = [max(len(row[column]) for row in raw) for column in range(len(head))]
    figures = [bool(body) and all(row[column].isdigit() for row in body) for column in range(len(head))]
    for place, row in enumerate(raw):
        cells = (
            cell.rjust(width) if figure else cell.ljust(width)
            for cell, width, figure in zip(row, widths, figures, strict=True)
        )
        click.echo("  ".join(cells).rstrip())
        if place == 0:
            click.echo("  ".join("-" * width for width in widths))
