"""A reboot that is proven: another boot, and the services of before back again.

pyinfra's own waits 300 s, judges by uptime, and loses a host that is slow to go down; servers
with many GPUs take a quarter of an hour until they answer again.
"""

from __future__ import annotations

import time
from collections.abc import Generator

from pyinfra.api import FunctionCommand, Host, State, StringCommand

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.operations.commands import explained, script

BOOT_ID = "/proc/sys/kernel/random/boot_id"
NOTE = "/var/lib/firstlight/gpu/reboot"
# How long services may take once the host answers; engines are not waited for, only for their
# beginning: they can take half an hour, and "ready" is not this layer's to say.
SERVICE_SECONDS = 180
PROGRESS_SECONDS = 15
PAUSE_SECONDS = 2

# The refresh of the CDI specification is left out: it is looked after later, and mended there.
# The note says for which driver, and in which boot, a reboot was asked for: if that boot is over
# and the driver is still not there, another reboot would not help either.
ASK = r"""
set -eu
mkdir -p "${2%/*}"
systemctl list-units --plain --no-legend --state=active 'docker.service' 'nginx.service' 'nvidia-*.service' 'firstlight-engine-*.service' \
  | awk '$1 !~ /^nvidia-cdi-refresh/ {print $1}' >"$2.services"
printf '%s %s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$1" >"$2.new"
mv -f "$2.new" "$2"; sync
systemd-run --quiet --collect --on-active=1 --timer-property=AccuracySec=100ms systemctl reboot
"""

SERVICES = r"""
limit=$1; waited=0
while :; do
  missing=; failed=
  for unit in $(cat "$2.services" 2>/dev/null); do
    state=$(systemctl is-active "$unit")
    case $state in active|activating|reloading) continue ;; failed) failed="$failed $unit ($state)" ;; esac
    missing="$missing $unit ($state)"
  done
  [ -z "$missing" ] && { rm -f "$2" "$2.services"; exit 0; }
  # What has failed is not started again by itself: it is given a moment, and not the whole time.
  if [ "$waited" -ge "$limit" ] || { [ "$missing" = "$failed" ] && [ "$waited" -ge 10 ]; }; then echo "after $limit s:$missing" >&2; exit 1; fi
  sleep 2; waited=$((waited + 2))
done
"""

# A reboot that has done its work does not stand in the way of a later one.
FORGET = 'rm -f "$1" "$1.services"'

# A host answers before its boot is at its end.
SETTLED = "timeout 60 systemctl is-system-running --wait >/dev/null 2>&1; true"


def rebooting(
    host: Host, version: str, reasons: list[str], timeout: int
) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Yield the commands that reboot ``host`` for driver ``version`` and wait for its new boot.

    ``timeout`` is the seconds until it has to answer again.
    """
    before = adapter.ask(host, BOOT_ID) or ""
    if adapter.is_executing(host.state):
        adapter.say(f"{host.name}: reboots, because {'; '.join(reasons)}")
    yield explained(
        script(ASK, version, NOTE),
        FirstlightError(
            "the reboot could not be asked for",
            where=host.name,
            fix=f"reboot {host.name} by hand, then run again: the run continues",
        ),
    )
    yield FunctionCommand(await_boot, (before, timeout), {})


def services_back(host: Host) -> StringCommand:
    """Return the command that waits for the services that ran on ``host`` before its reboot."""
    return explained(
        script(SERVICES, str(SERVICE_SECONDS), NOTE),
        FirstlightError(
            "services that ran before the reboot are not back",
            where=host.name,
            why="their names stand above",
            fix=f"look at them on {host.name} (systemctl status NAME), then run again",
        ),
    )


def await_boot(state: State, host: Host, before: str, timeout: int) -> bool:
    """Wait until ``host`` answers in another boot than ``before``; False after saying it did not."""
    began = said = time.monotonic()
    heard = "it never went down" if adapter.ask(host, BOOT_ID) else "it went down"
    while (now := time.monotonic()) - began < timeout:
        if now - said >= PROGRESS_SECONDS:
            adapter.say(f"{host.name}: {heard}, {now - began:.0f} of {timeout} s")
            said = now
        time.sleep(PAUSE_SECONDS)
        if not adapter.reconnect(host):
            heard = "does not answer yet"
            continue
        boot = adapter.ask(host, BOOT_ID)
        if boot and boot != before:
            adapter.say(f"{host.name}: back after {time.monotonic() - began:.0f} s")
            return True
        heard = "answers, but is still in the boot before"
    adapter.complain(
        host,
        FirstlightError(
            f"the host did not come back within {timeout} s of its reboot",
            where=host.name,
            why=f"at the end it {heard}",
            fix="look at its console (BMC); once it answers, run again: the run continues. "
            "A slow machine: raise nvidia.reboot_timeout",
        ),
    )
    return False
