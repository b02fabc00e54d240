"""After a cut, at any moment: what stands on the host is absent or whole, and private."""

from __future__ import annotations

import json
from typing import Any

from tests.lab.client import first_key
from tests.lab.host_tree import CURRENT, HostTree, strangers, tree
from tests.lab.rack import TestRack

STORE = "/srv/models/"
INCOMING = f"{STORE}.incoming"
BLOBS = f"{STORE}.blobs"
ENGINES = "/var/lib/firstlight/engines/"
MARKER = ".firstlight.json"
RELEASES = "/etc/nginx/firstlight/releases/"
DRAFT = ".firstlight-"
SECRETS = ("/tls.key", "/keys.map", "/etc/firstlight/secrets/")

# The API key's text ($1) is in no file of the host at all; a private key is in no file that
# somebody else can read. Searched by content, wherever a run may have written.
PROBE = r"""
where="/etc /run /srv /tmp /var/lib/firstlight /var/log /var/tmp /usr/local/lib"
grep -rlIsF --devices=skip --exclude-dir=udev -e "$key" $where
others=$(find $where -xdev -type f -perm -o+r -size -64k \
  -exec grep -lIs 'BEGIN .*PRIVATE KEY' {} + 2>/dev/null)
for f in $others; do
  setpriv --reuid nobody --regid nogroup --clear-groups cat "$f" >/dev/null 2>&1 && echo "$f"
done
systemctl list-units --all --plain --no-legend "*firstlight-new*"
if [ -e /etc/nginx/firstlight/current ] && command -v nginx >/dev/null; then
  said=$(nginx -q -t -c /etc/nginx/firstlight/current/nginx.conf 2>&1) || echo "$said"
fi
true
"""


def half_done(rack: TestRack, host: str, whole: HostTree, bare: HostTree) -> list[str]:
    """Return what on ``host`` is half done or not private.

    Every file has to be absent, or as on the ``whole`` host, or still as it was on the bare one.
    """
    here, old = tree(rack, host), bare.described()
    settled = {
        path: what
        for path, what in here.described().items()
        if is_settled(path, what[0]) and what != old.get(path)
    }
    key = first_key(rack.state.state_dir)
    probe = rack.sh(host, f"key=$(cat <<'END'\n{key}\nEND\n)\n{PROBE}")
    return [
        *strangers(settled, whole.described()),
        *public_secrets(here),
        *broken_json(here),
        *half_released(here),
        *probe.out.splitlines(),
    ]


def is_settled(path: str, kind: str) -> bool:
    """Whether a path has to be whole: folders are mended later, drafts are nobody's."""
    ours = not path.startswith("/etc/systemd/system/") or "firstlight" in path
    draft = DRAFT in path or path.startswith((INCOMING, BLOBS, ENGINES)) or "/.#" in path
    # A release that is not the current one yet is a draft too.
    release = path.startswith(RELEASES) and not path.startswith(f"{RELEASES}RELEASE/")
    return kind != "directory" and ours and not draft and not release


def public_secrets(here: HostTree) -> list[str]:
    """Return secrets, also drafts of them, that are open to others than root."""
    return [
        f"{path} is {entry.mode}"
        for path, entry in here.entries.items()
        if entry.kind == "file" and any(mark in path for mark in SECRETS) and entry.mode != "600"
    ]


def broken_json(here: HostTree) -> list[str]:
    """Return JSON files that do not parse, and weights that are visible but not complete."""
    found = []
    for path, entry in here.entries.items():
        folder, _, name = path.rpartition("/")
        if not name.endswith(".json") or path.startswith(INCOMING):
            continue
        try:
            parsed = json.loads(entry.content)
        except ValueError as error:
            found.append(f"{path}: {error}")
            continue
        if name == MARKER:
            found += incomplete(here, folder, parsed)
    visible = {path for path in here.entries if path.startswith(STORE) and path.count("/") == 3}
    bare = [path for path in visible if f"{path}/{MARKER}" not in here.entries]
    return found + [
        f"{path} is visible without a marker" for path in bare if path not in (INCOMING, BLOBS)
    ]


def incomplete(here: HostTree, folder: str, marker: dict[str, Any]) -> list[str]:
    """Return the files whose size or checksum is not what the done-marker says."""
    found = []
    for name, wanted in marker["files"].items():
        entry = here.entries.get(f"{folder}/{name}")
        if entry is None:
            found.append(f"{folder}/{name} is missing under a done-marker")
        elif (len(entry.content), f"sha256:{entry.sha256}") != (wanted["size"], wanted["checksum"]):
            found.append(f"{folder}/{name} is not what the done-marker says")
    return found


def half_released(here: HostTree) -> list[str]:
    """Return the current release of the edge if it is not complete."""
    link = here.entries.get(CURRENT)
    done = link is None or f"{link.target}/.complete" in here.entries
    return [] if done or link is None else [f"{link.target} is current, but not complete"]
