"""Containers see the GPUs, also after systemd has read its units anew: proven, then remembered."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.good import LastGood
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.nvidia import good, health
from firstlight.nvidia.decision import Decision
from firstlight.nvidia.state import NvidiaState
from firstlight.operations.commands import explained, failure, script
from firstlight.operations.files import File, writing
from firstlight.operations.reboot import NOTE

REFRESH = "nvidia-cdi-refresh.service"

# One device, one specification: what somebody generated into /etc/cdi by hand goes aside, under
# a name that nobody reads. The refresh is a oneshot; a restart waits for its end.
SPECIFY = r"""
for spec in /etc/cdi/nvidia.yaml /etc/cdi/nvidia.json; do
  [ ! -f "$spec" ] || { mv -f "$spec" "$spec.before-firstlight"; echo "moved aside: $spec"; }
done
systemctl enable --quiet "$1" "${1%.service}.path"
systemctl reset-failed "$1" 2>/dev/null; timeout 180 systemctl restart "$1" || {
  journalctl -q -u "$1" -n 10 --no-pager -o cat >&2; exit 1; }
"""

# The fabric manager trains the links between the GPUs after a boot; that takes up to two minutes.
FABRIC = r"""
systemctl start nvidia-fabricmanager.service; waited=0
while timeout 30 nvidia-smi -q | sed -n '/^ *Fabric$/,/^ *Status/p' | grep -q 'In Progress'; do
  [ "$waited" -lt 150 ] || exit 0; sleep 2; waited=$((waited + 2))
done
"""

# The image is made of this host's own shell and C library: nothing is fetched for it, and what
# it shows of the GPUs can only have come through CDI. The container goes on while systemd reads
# its units anew, which is when GPUs given in the old way get lost.
PROVE = r"""
set -u; wanted=$1; note=$2; name=firstlight-gpu-proof
work=$(mktemp -d)
away() { timeout 60 docker rm -f $name >/dev/null 2>&1; }
trap 'away; timeout 60 docker rmi -f $name >/dev/null 2>&1; rm -rf "$work"' EXIT
programs="/bin/sh $(command -v sleep)"
libraries=$(ldd $programs "$(command -v nvidia-smi)" 2>/dev/null | grep -o '/[^ ]*' | grep -v nvidia | grep -v ':$' | sort -u)
mkdir "$work/dev" "$work/proc" "$work/sys" "$work/etc" "$work/tmp"
tar -chf - -C "$work" dev proc sys etc tmp -C / $programs $libraries 2>/dev/null | timeout 120 docker import - $name >/dev/null || exit 1
away
timeout 120 docker run -d --rm --name $name --device nvidia.com/gpu=all --network none --cap-drop ALL \
  --security-opt no-new-privileges $name "$(command -v sleep)" 600 >/dev/null || exit 1
sees() { timeout 120 docker exec $name "$(command -v nvidia-smi)" -L 2>&1; }
before=$(sees); seen=$(printf '%s\n' "$before" | grep -c '^GPU ')
echo "$before"
[ "$seen" -ge "$wanted" ] || { echo "a container sees $seen of $wanted GPUs" >&2; exit 1; }
there=$(timeout 120 nvidia-smi -L 2>&1)
[ "$before" = "$there" ] || { echo "the host itself sees: $there" >&2; exit 1; }
# nvidia-smi needs no more than the GPUs' own nodes; every CUDA program needs this one, too.
timeout 60 docker exec $name /bin/sh -c '[ -e /dev/nvidia-uvm ]' || { echo "a container has no /dev/nvidia-uvm" >&2; exit 1; }
systemctl daemon-reload
after=$(sees)
[ "$after" = "$before" ] || { echo "after systemctl daemon-reload it sees: $after" >&2; exit 1; }
rm -f "$note" "$note.services"
"""


@operation()
def visible(decision: Decision) -> Generator[StringCommand, None, None]:
    """
    Prove that containers are given the GPUs by CDI, and keep the combination that does it.

    + decision: the host's GPU layer as it shall be
    """
    found: NvidiaState = host.get_fact(NvidiaProbe) or NvidiaState()
    proven = host.get_fact(LastGood, path=good.PATH) or []
    newest = good.good_of(found, decision)
    fabric = health.fabric_trouble(found, decision)
    if not health.cdi_trouble(found) and not fabric and proven[:1] == [newest]:
        host.noop(f"containers see {len(found.gpus)} GPUs; proven with {newest}")
        return
    if fabric:
        yield script(FABRIC)
        found = host.get_fact(NvidiaProbe) or NvidiaState()
    if health.cdi_trouble(found):
        yield explained(script(SPECIFY, REFRESH), unspecified("its own words stand above"))
        found = host.get_fact(NvidiaProbe) or NvidiaState()
        if error := health.cdi_trouble(found):
            yield failure(unspecified(error))
            return
    newest = good.good_of(found, decision)
    if fabric := health.fabric_trouble(found, decision):
        yield failure(
            FirstlightError(
                "the NVLink fabric is not up: CUDA would fail with error 802",
                where=host.name,
                why=fabric,
                fix="see journalctl -u nvidia-fabricmanager.service on the host",
            )
        )
        return
    yield explained(
        script(PROVE, str(decision.count), NOTE),
        FirstlightError(
            "containers do not see the GPUs",
            where=host.name,
            why="what a container with --device nvidia.com/gpu=all said stands above",
            fix="see nvidia-ctk cdi list on the host; to return to what worked last: "
            "pyinfra INVENTORY deploys/gpu_rollback.py",
        ),
    )
    kept = good.as_text(good.with_newest(newest, proven))
    yield writing([File(good.PATH, kept)])


def unspecified(why: str) -> FirstlightError:
    """The error of a host whose GPUs have no CDI specification."""
    return FirstlightError(
        "containers cannot be given the GPUs by CDI",
        where=host.name,
        why=why,
        fix=f"see journalctl -u {REFRESH} on the host, then run again",
    )
