"""The tables of a terminal: what they are made of, and who may not write in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from firstlight.status import text

COLOURS = {
    "critical": "bold red",
    "warning": "yellow",
    "info": "blue",
    "up": "green",
    "serving": "green",
    "down": "bold red",
    "stale": "yellow",
    "drained": "yellow",
    "no data": "yellow",
    "failed": "bold red",
}
Cell = str | Text


def said(word: str, style: str = "") -> Text:
    """Return text that is what it is: no markup of rich, no control characters."""
    return Text(text.clean(word), style=style or COLOURS.get(word, ""))


def grid(title: str, *columns: str) -> Table:
    """Return a table; columns that begin with ``>`` hold numbers."""
    made = Table(
        box=box.SIMPLE_HEAD,
        title=f"\n{title}",
        title_justify="left",
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    made.title_style = "bold"
    for column in columns:
        right = column.startswith(">")
        made.add_column(
            column.removeprefix(">"),
            justify="right" if right else "left",
            no_wrap=right,
            overflow="fold",
        )
    return made


def rows(table: Table, lines: Iterable[Sequence[Cell]]) -> Table:
    """Add rows; every text is taken as it is."""
    for each in lines:
        table.add_row(*(said(cell) if isinstance(cell, str) else cell for cell in each))
    return table
