"""Hosts as others see them: from the control machine, and from further hosts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from firstlight.audit import scan
from firstlight.audit.asked import Asked, run
from firstlight.audit.exposure import Seen
from firstlight.audit.host import Looked
from firstlight.audit.scan import HERE, Target
from firstlight.audit.target import is_own
from firstlight.errors import FirstlightError


def outside(
    wanted: Sequence[Target], looked: Mapping[str, Looked], asked: Asked
) -> tuple[list[Seen], list[FirstlightError]]:
    """Return what is seen from everywhere, all at the same time, and what could not be seen."""
    seen: list[Seen] = []
    missed: list[FirstlightError] = []
    vantages = (HERE, *asked.vantages)
    with ThreadPoolExecutor(len(vantages)) as pool:
        for each in [pool.submit(from_, name, wanted, looked, asked) for name in vantages]:
            try:
                seen += each.result()
            except FirstlightError as error:
                missed.append(error)
    return seen, missed


def from_(
    vantage: str, wanted: Sequence[Target], looked: Mapping[str, Looked], asked: Asked
) -> list[Seen]:
    """Return what ``vantage`` sees of the others; what it sees of itself is no view from outside."""
    there = [
        each
        for each in wanted
        if each.host != vantage and not (vantage == HERE and is_own(each.address))
    ]
    if not there:
        return []
    request = scan.request(there, asked.tcp, asked.rate)
    if vantage == HERE:
        said = scan.here(request)
    elif vantage in looked or vantage in next(iter(looked.values())).known:
        out, err, _ = run(
            "audit_from.py",
            asked.inventory,
            (vantage,),
            scan.limit(request) + 60,
            **{scan.REQUEST: json.dumps(request)},
        )
        lines = [line for line in out.splitlines() if line.startswith(scan.MARK)]
        if not lines:
            raise FirstlightError("nothing was seen from this host", where=vantage, why=err[-600:])
        said = lines[0].removeprefix(scan.MARK)
    else:
        said = scan.by_ssh(vantage, request)
    found, _ = scan.seen(said, there, vantage, asked.tcp)
    if vantage == HERE:
        return [replace(each, source=as_seen(each, looked[each.host])) for each in found]
    return found


def as_seen(seen: Seen, looked: Looked) -> str:
    """Return the address that we come from as the host sees it: there may be NAT in between."""
    same = (":" in looked.source) == (":" in seen.source)
    return looked.source if seen.source and looked.source and same else seen.source


def unseen(looked: Mapping[str, Looked], seen: Sequence[Seen]) -> list[FirstlightError]:
    """Return an error for each host of which nothing was seen from anywhere outside."""
    there = {each.host for each in seen if not each.silent}
    why = {
        each.host: f"{each.address}: {each.error or 'no port answers, SSH neither'}"
        for each in seen
    }
    return [
        FirstlightError(
            "the host was not looked at from outside",
            where=name,
            why=why.get(name, "this machine is the host itself"),
            fix="name a machine that reaches it: --from HOST   (or ask for less: --inside-only)",
        )
        for name in looked
        if name not in there
    ]
