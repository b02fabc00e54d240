"""Loads the host's firewall and looks whether it is as it was written. Runs on the host, as one file.

``load`` puts the whole table in place in one transaction; ``keep`` does so where somebody took it
away or changed it; ``state`` says in lines what is different. Where the rules cannot be loaded (a
file that is damaged, a kernel without a module) the least ones are: SSH from the admin networks,
and nothing else. Standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FILE = Path("/etc/firstlight/firewall/rules.nft")
LEAST = FILE.with_name("least.nft")
LIST = ["nft", "--json", "list", "table", "inet", "firstlight"]
TRIED = Path("/var/lib/firstlight/trials/firewall/armed")
SECONDS = 20
SERVICE = "firstlight-firewall.service"
# What changes by itself: counters count, handles are given anew.
PASSING = {"handle", "packets", "bytes"}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(
            words, 124, "", f"{words[0]}: nothing within {SECONDS} s"
        )


def steady(value: Any) -> Any:
    """Return ``value`` of nft's JSON without what changes by itself."""
    if isinstance(value, dict):
        return {key: steady(each) for key, each in value.items() if key not in PASSING}
    return [steady(each) for each in value] if isinstance(value, list) else value


def lines(listing: str) -> list[str]:
    """Return what stands in a table as one line each, in its order."""
    items = json.loads(listing)["nftables"] if listing.strip() else []
    for each in items:
        each.get("set", {}).pop("elem", None)  # packets and fetches fill the named ones
    return [json.dumps(steady(each), sort_keys=True) for each in items if "metainfo" not in each]


def written() -> list[str]:
    """Return what the file makes, as the kernel lists it: loaded where it affects nobody."""
    inside = f'nft -f "$1" && {" ".join(LIST)}'
    done = run("unshare", "--net", "sh", "-c", inside, "sh", str(FILE))
    if done.returncode:
        raise OSError(done.stderr.strip() or f"nft does not take {FILE}")
    return lines(done.stdout)


def differences() -> list[str]:
    """Return what is loaded and not written, or the other way round; nothing where all is well."""
    loaded, wanted = lines(run(*LIST).stdout), written()
    if loaded == wanted:
        return []
    if not loaded:
        return ["the table is not there"]
    found = [f"not there: {shown(each)}" for each in wanted if each not in loaded]
    found += [f"not ours: {shown(each)}" for each in loaded if each not in wanted]
    return found or ["the rules stand in another order"]


def shown(line: str) -> str:
    """Return an item of a listing in few words: where it stands, and what it says of itself."""
    kind, item = next(iter(json.loads(line).items()))
    words = [kind, item.get("chain", ""), item.get("name", ""), item.get("comment", "")]
    rest = "" if item.get("comment") else json.dumps(item.get("expr", ""))[:160]
    return " ".join(word for word in (*words, rest) if word and word != '""')


def load() -> int:
    done = run("nft", "-f", str(FILE))
    if done.returncode == 0:
        return 0
    print(f"nft does not take {FILE}: {done.stderr.strip()[:600]}", file=sys.stderr)
    if lines(run(*LIST).stdout):
        print("what was loaded before stays", file=sys.stderr)
    elif run("nft", "-f", str(LEAST)).returncode == 0:
        print(f"{LEAST} is loaded instead: SSH is let in, and nothing else", file=sys.stderr)
    else:
        print("NOTHING is loaded: this host is open", file=sys.stderr)
    return done.returncode


def keep() -> int:
    """Load what is not there as it was written.

    Where what was written cannot be read any more, what is loaded stays, and :func:`told` says so.
    What is being tried is not touched: its files are there before its table is, or the other way
    round, and nobody changed anything.
    """
    if TRIED.exists():
        return 0
    try:
        found = differences()
    except (OSError, ValueError, subprocess.SubprocessError):
        return told() if lines(run(*LIST).stdout) else load()
    if not found or TRIED.exists():  # also one that began while this looked
        return 0
    code = load()
    if code == 0:
        said = f"the firewall was changed by somebody, and is in place again: {'; '.join(found)}"
        print(said[:900])
    return code


def told() -> int:
    """Have the service that loads the rules say why it cannot, and be shown as failed: once.

    It leaves what is loaded; here it would be said anew at every look.
    """
    if run("systemctl", "is-failed", "--quiet", SERVICE).returncode:
        return run("systemctl", "--no-block", "restart", SERVICE).returncode
    return 0


def main(arguments: list[str]) -> int:
    """``load``, ``keep`` or ``state``: 0 when done, else why on stderr."""
    verb = arguments[0]
    if verb != "state":
        return load() if verb == "load" else keep()
    try:
        print("\n".join(differences()))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
