"""The whole audit: every host from inside, then from outside, then both against what is declared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import firstlight
from firstlight.audit import scan
from firstlight.audit.exposure import Seen, exposed
from firstlight.audit.finding import Finding, judged
from firstlight.audit.host import Looked, parsed
from firstlight.audit.scan import HERE, Target
from firstlight.audit.target import is_own, targets
from firstlight.errors import FirstlightError

DEPLOYS = Path(firstlight.__file__).resolve().parents[1] / "deploys"
INSIDE_SECONDS = 600
NO_HOST = "No host matches found"


@dataclass(frozen=True)
class Asked:
    """What an audit is to look at. ``vantages`` are other hosts to look from; ``tcp`` are ranges."""

    inventory: str
    limit: tuple[str, ...] = ()
    vantages: tuple[str, ...] = ()
    tcp: scan.Ranges = scan.ALL
    rate: int = scan.RATE
    outside: bool = True


@dataclass(frozen=True)
class Audit:
    """What was found. ``problems`` are what could not be looked at: with one it is not whole."""

    asked: Asked
    looked: dict[str, Looked]
    seen: tuple[Seen, ...]
    findings: tuple[Finding, ...]
    problems: tuple[FirstlightError, ...]
    seconds: float

    def of(self, host: str) -> list[Finding]:
        """Return the findings of ``host``."""
        return [each for each in self.findings if each.host == host]


def audit(asked: Asked) -> Audit:
    """Look at everything that is ``asked`` for. Changes nothing anywhere."""
    began = time.monotonic()
    looked, problems = inside(asked)
    findings = [each for one in looked.values() for each in one.findings]
    seen: list[Seen] = []
    if asked.outside:
        wanted: list[Target] = []
        for one in looked.values():
            found, notes = targets(one)
            wanted += found
            findings += notes
        for vantage in (HERE, *asked.vantages):
            try:
                seen += from_(vantage, wanted, looked, asked)
            except FirstlightError as error:
                problems.append(error)
        problems += unseen(looked, seen)
    for each in seen:
        one = looked[each.host]
        findings += judged(list(exposed(one, each)), one.off)
    return Audit(
        asked,
        looked,
        tuple(seen),
        tuple(sorted(dict.fromkeys(findings), key=lambda each: (each.host, *each.order))),
        tuple(problems),
        time.monotonic() - began,
    )


def run(
    deploy: str, inventory: str, limit: Sequence[str], seconds: float, **env: str
) -> tuple[str, str, int]:
    """Run a deploy that changes nothing with pyinfra; its stdout, its stderr, its exit code."""
    words = [sys.executable, "-m", "pyinfra", "--dry"]
    for host in limit:
        words += ["--limit", host]
    words += [inventory, str(DEPLOYS / deploy)]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "NO_COLOR": "1", **env},
        )
    except subprocess.TimeoutExpired:
        raise FirstlightError(
            "pyinfra was not done in time", where=inventory, why=f"{seconds:.0f} s"
        ) from None
    return done.stdout, done.stderr, done.returncode


def inside(asked: Asked) -> tuple[dict[str, Looked], list[FirstlightError]]:
    """Return every host that was looked at, and why others were not."""
    out, err, code = run(
        "audit.py", asked.inventory, asked.limit, INSIDE_SECONDS, FIRSTLIGHT_AUDIT="json"
    )
    looked = parsed(out)
    said = [line for line in err.splitlines() if line.strip()]
    if not looked:
        why = "\n       ".join(said[-12:])
        fix = f"pyinfra {asked.inventory} exec -- true shows which hosts can be reached"
        if NO_HOST in err:
            fix = "name a host or a group of the inventory"
        raise FirstlightError("no host was looked at", where=asked.inventory, why=why, fix=fix)
    names = next(iter(looked.values())).asked
    problems = [
        FirstlightError(
            "the host was not looked at",
            where=name,
            why="\n       ".join(line for line in said if name in line)[-600:],
            fix=f"pyinfra --limit {name} {asked.inventory} exec -- true",
        )
        for name in names
        if name not in looked
    ]
    if code and not problems:
        problems.append(
            FirstlightError(
                "pyinfra failed", where=asked.inventory, why="\n       ".join(said[-6:])
            )
        )
    return looked, problems


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
    return found


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
