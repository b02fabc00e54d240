"""What stands on a host of ours: every path with mode, owner and content, comparable by host."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass

from tests.lab.first_day import OWNERS_DAEMON
from tests.lab.rack import LAB, TestRack, firstlight

CURRENT = "/etc/nginx/firstlight/current"
ROOTS = (
    "/etc/docker",
    "/etc/firstlight",
    "/etc/nginx/firstlight",
    "/etc/systemd/system",
    "/srv/models",
    "/usr/local/lib/firstlight",
    "/var/lib/firstlight",
)
# Of each host by nature: what was there before firstlight, and what was last tried on it.
ELSE = ("var/lib/firstlight/manifest", "var/lib/firstlight/trials")
# Different on every host by nature: when it was deployed, its certificates, its engines' secret.
OF_ITS_OWN = re.compile(
    r"receipt\.json$|/firstlight/run\.json$|/tls/|certificate\.prom$|engine-key$|backend\.conf$|/engines/[^/]+/(config|watch)"
    r"|firstlight-engine-.*\.service$"
)
NAMED_BY_CONTENT = re.compile(rb"/([a-z]+)-[0-9a-f]{12}")
ISSUED = re.compile(rb"20\d{6}T\d{6}Z\.[0-9A-F]+")


@dataclass(frozen=True)
class Entry:
    """One path: ``kind`` is file, directory, link or other; ``mode`` is octal digits."""

    kind: str
    mode: str
    owner: str
    target: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class HostTree:
    """What stands below ROOTS, by path."""

    host: str
    entries: dict[str, Entry]

    @property
    def current(self) -> str:
        """Name of the edge's current release; empty while there is none."""
        link = self.entries.get(CURRENT)
        return link.target.rpartition("/")[2] if link else ""

    def neutral(self, text: bytes) -> bytes:
        """``text`` without the names that differ between hosts that were deployed alike."""
        text = text.replace(self.host.encode(), b"HOST")
        text = ISSUED.sub(b"ISSUED", NAMED_BY_CONTENT.sub(rb"/\1-HASH", text))
        return text.replace(self.current.encode(), b"RELEASE") if self.current else text

    def described(self) -> dict[str, tuple[str, ...]]:
        """What has to be equal on hosts that were deployed alike, by path."""
        found = {}
        for path, entry in self.entries.items():
            own = OF_ITS_OWN.search(path) is not None
            digest = "" if own else hashlib.sha256(self.neutral(entry.content)).hexdigest()
            target = self.neutral(entry.target.encode()).decode()
            name = self.neutral(path.encode()).decode()
            found[name] = (entry.kind, entry.mode, entry.owner, target, digest)
        return found


def tree(rack: TestRack, host: str) -> HostTree:
    """Read what stands below ROOTS on ``host``, in one round trip."""
    # A file may come or go while tar reads, since a command outlives its controller.
    roots = f"$(ls -d {' '.join(ROOTS)} 2>/dev/null)"
    without = " ".join(f"--exclude={path}" for path in ELSE)
    script = f"cd / && tar {without} -cf - {roots} 2>/dev/null | base64 -w0"
    raw = base64.b64decode(rack.sh(host, script).out)
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return HostTree(host, {f"/{member.name}": entry(tar, member) for member in tar})


def bare_again(rack: TestRack, host: str) -> HostTree:
    """Make ``host`` bare but for its owner's Docker settings, as lab1 was on its first day."""
    firstlight("lab", "reset", host, "--name", LAB)
    daemon = json.dumps(OWNERS_DAEMON)
    rack.sh(host, f"mkdir -p /etc/docker; echo '{daemon}' > /etc/docker/daemon.json")
    return tree(rack, host)


def entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    """Return one member of the archive as an entry."""
    kinds = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "link"}
    stream = tar.extractfile(member) if member.isreg() else None
    content = stream.read() if stream else b""
    owner = f"{member.uname}:{member.gname}"
    kind = kinds.get(member.type, "other")
    return Entry(kind, f"{member.mode:o}", owner, member.linkname, content)


def strangers(here: dict[str, tuple[str, ...]], whole: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the paths of ``here`` that ``whole`` lacks or has otherwise, and how."""
    return [
        f"{path}: {what} instead of {whole.get(path, 'nothing')}"
        for path, what in sorted(here.items())
        if what != whole.get(path)
    ]
