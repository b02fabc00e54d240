"""What is otherwise on a host than before firstlight: units, sockets, packages, files, the rest."""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight import manifest

# What others write now and then: nothing that was left behind.
NOISE = (
    "file /etc/.pwd.lock ", "file /etc/passwd", "file /etc/group", "file /etc/shadow",
    "file /etc/gshadow", "file /etc/subuid", "file /etc/subgid", "file /etc/ld.so.cache ",
    "active apt-daily", "active man-db", "active dpkg-db-backup", "active logrotate.service",
    "active systemd-", "directory /var/lib/firstlight", "directory /etc ",
)  # fmt: skip
COMPARE = r"""
[ -e "$1/before" ] || exit 0
(set +e; snapshot 2>/dev/null) | LC_ALL=C sort -u | LC_ALL=C comm -3 "$1/before" - | sed 's/^\t/+ /; t; s/^/- /'
"""
GONE, CAME = "- ", "+ "
LEFT, OTHER, MISSING = "left, and not there before: ", "other than before: ", "gone: "
UNKNOWN = "how the host was before firstlight was not written down: what is left is not compared"
PACKAGES_BRING = ("package ", "unit ", "file ", "link ", "directory ", "group ", "user ")


class Remaining(FactBase[list[str]]):
    """Return what differs from the host as the manifest in ``folder`` remembers it, in words.

    What is ``own`` is left out: it goes last.
    """

    default = list

    @override
    def command(self, folder: str, own: Sequence[str]) -> StringCommand:
        self._own = tuple(own)
        text = manifest.SNAPSHOT + COMPARE
        return StringCommand("sh -c", QuoteString(text), "remaining", QuoteString(folder))

    @override
    def process(self, output: list[str]) -> list[str]:
        own = getattr(self, "_own", ())
        seen = [line for line in output if line[:2] in (GONE, CAME) and not noise(line[2:], own)]
        gone = {key(line): line for line in seen if line.startswith(GONE)}
        came = {key(line): line for line in seen if line.startswith(CAME)}
        words = []
        for name in sorted({*gone, *came}):
            if name in gone and name in came:
                words.append(f"{OTHER}{name}")
            else:
                words.append(f"{LEFT if name in came else MISSING}{name}")
        return words


def key(line: str) -> str:
    """Return what a line is about, without how it is: "file PATH" of a file and its checksum."""
    words = line[2:].split(" ")
    return " ".join(words if words[0] in ("socket", "table") else words[:2])


def noise(line: str, own: Sequence[str]) -> bool:
    """Tell whether a difference says nothing about firstlight."""
    return line.startswith(NOISE) or any(f" {path}" in line for path in own)


def summary(lines: Sequence[str], packages_stay: bool) -> list[str]:
    """Return what an operator is told: what packages brought is counted where they stay."""
    if not lines:
        return ["the host is as it was before firstlight"]
    theirs = [
        line
        for line in lines
        if packages_stay and line.startswith(LEFT) and line[len(LEFT) :].startswith(PACKAGES_BRING)
    ]
    told = [line for line in lines if line not in theirs]
    kinds = [line[len(LEFT) :].split(" ")[0] for line in theirs]
    counted = ", ".join(f"{kinds.count(kind)} of kind {kind}" for kind in sorted(set(kinds)))
    return [*told, f"{LEFT}with the packages that stay: {counted}"] if theirs else told
