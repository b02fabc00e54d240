"""Looks again and again: a monitor that is gone for a while is said, and comes back by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment

from firstlight.errors import FirstlightError
from firstlight.status import text
from firstlight.status.grid import said
from firstlight.status.shown import shown
from firstlight.status.stack import Stack


@dataclass(frozen=True)
class View:
    """What is shown: the last stack that was seen; ``error`` and ``since`` if it is not of now."""

    stack: Stack | None
    error: FirstlightError | None = None
    since: float = 0

    @property
    def exit_code(self) -> int:
        """That of the stack; 1 where it was not seen just now."""
        return 1 if self.error or self.stack is None else self.stack.exit_code


def views(
    look: Callable[[], Stack],
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> Iterator[View]:
    """Yield a view every ``seconds``, for as long as somebody asks for the next one."""
    stack: Stack | None = None
    since = 0.0
    while True:
        began = clock()
        try:
            stack, since = look(), 0.0
            yield View(stack)
        except FirstlightError as error:
            since = since or began
            yield View(stack, error, since)
        # A look that took long is not followed by one at once: the monitor has other work.
        sleep(max(seconds - (clock() - began), min(seconds, 1.0)))


def drawn(view: View) -> RenderableType:
    """Return a view for a terminal."""
    if view.error is None:
        return shown(view.stack) if view.stack else said("")
    since = text.moment(view.since, "%H:%M:%S")
    lines: list[RenderableType] = [said(f"no answer since {since} UTC; asked again", "bold red")]
    lines += [said(each, "red") for each in str(view.error).split("\n")]
    if view.stack is None:
        return Group(*lines)
    read = text.moment(view.stack.time, "%H:%M:%S")
    return Group(*lines, said(f"below is what was read at {read} UTC", "yellow"), shown(view.stack))


def cut(view: View, rows: int) -> tuple[View, int]:
    """Return the view with ``rows`` of each table, and how many that leaves out.

    More of one is never seen, and the tables of a large site take seconds.
    """
    if view.stack is None:
        return view, 0
    full = {name: getattr(view.stack, name) for name in ("hosts", "models", "replicas", "gpus")}
    dropped = sum(max(0, len(each) - rows) for each in full.values())
    less = replace(view.stack, **{name: each[:rows] for name, each in full.items()})
    return replace(view, stack=less), dropped


class Screenful:
    """A view cut to the terminal's height, and a last line that says so."""

    def __init__(self, view: View) -> None:
        self.view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = console.size.height - 1
        view, dropped = cut(self.view, room)
        lines = console.render_lines(drawn(view), options.update(height=None), pad=False)
        left = len(lines) + dropped - room
        for line in lines[: room - 1] if left > 0 else lines:
            yield from line
            yield Segment.line()
        if left > 0:
            hint = f"… {left + 1} more lines: a larger terminal, or --limit HOST; Ctrl-C ends"
            yield said(hint, "dim")
