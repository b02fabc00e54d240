"""Cards, kernel modules and branches that do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue.nvidia import branches
from firstlight.errors import FirstlightError
from firstlight.nvidia.choice import Choice
from firstlight.nvidia.need import Need, need_of
from firstlight.nvidia.state import NvidiaState
from firstlight.settings import HostSettings


def module_obstacles(
    settings: HostSettings, state: NvidiaState, choice: Choice
) -> Iterator[FirstlightError]:
    """Yield every card that the choice cannot run."""
    need, where = need_of(state), settings.name
    if need.too_old:
        yield FirstlightError(
            f"no driver that still gets fixes runs {', '.join(need.too_old)}",
            where=where,
            why="branch 470 was the last for Kepler, and it knows no CUDA newer than 11.4",
            fix="use a card of 2014 or later; for models of today one of 2018 or later",
        )
        return
    if need.boards:
        yield FirstlightError(
            f"firstlight does not set up {', '.join(need.boards)}",
            where=where,
            why="boards with an NVIDIA processor come with NVIDIA's own kernel, and racks of them "
            "need nvidia-imex across hosts",
            fix='install NVIDIA\'s system software, then set nvidia to {"source": "preinstalled"}',
        )
    if choice.source == "preinstalled":
        return
    yield from mixed_obstacles(where, need)
    yield from flavour_obstacles(where, need, choice)
    yield from branch_obstacles(settings, need, choice)


def mixed_obstacles(where: str, need: Need) -> Iterator[FirstlightError]:
    """Yield cards of which no driver runs all."""
    if need.open_only and need.proprietary_only:
        yield FirstlightError(
            "no driver runs all cards of this host",
            where=where,
            why=f"{', '.join(need.open_only)} only runs with open modules, "
            f"{', '.join(need.proprietary_only)} only with proprietary ones",
            fix="put them into different hosts",
        )


def flavour_obstacles(where: str, need: Need, choice: Choice) -> Iterator[FirstlightError]:
    """Yield modules that do not run a card."""
    refused = need.open_only if choice.modules == "proprietary" else need.proprietary_only
    if refused and not (need.open_only and need.proprietary_only):
        right = "open" if choice.modules == "proprietary" else "proprietary"
        yield FirstlightError(
            f"{choice.modules} modules do not run {', '.join(refused)}",
            where=f"{where}: nvidia.modules",
            why=f"these cards only run with {right} modules",
            fix=f'set nvidia.modules to "{right}", or leave it out',
        )
    row = branches().get(choice.branch)
    if choice.modules == "proprietary" and row is not None and not row.proprietary:
        last = max(each.number for each in branches().values() if each.proprietary)
        yield FirstlightError(
            f"branch {choice.branch} has no proprietary modules",
            where=f"{where}: nvidia.modules",
            why=f"branch {last} was the last that has them",
            fix=f"use open modules, or a branch up to {last}",
        )


def branch_obstacles(
    settings: HostSettings, need: Need, choice: Choice
) -> Iterator[FirstlightError]:
    """Yield a branch that is too new or too old for a card."""
    where = f"{settings.name}: nvidia.branch"
    if choice.branch > need.newest:
        yield FirstlightError(
            f"branch {choice.branch} does not run {', '.join(need.proprietary_only)}",
            where=where,
            why=f"branch {need.newest} is the last one for Maxwell, Pascal and Volta",
            fix=f"set nvidia.branch to {need.newest}, or leave it out",
        )
    if choice.branch < need.oldest:
        named = ", ".join(need.open_only) or "these cards"
        yield FirstlightError(
            f"branch {choice.branch} does not run {named}",
            where=where,
            why=f"branch {need.oldest} is the first for them",
            fix=f"set nvidia.branch to {need.oldest} or newer, or leave it out",
        )
