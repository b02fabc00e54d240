"""The driver in the kernel: its module built for this boot and the next, and loaded."""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal

from pyinfra import host, state
from pyinfra.api import FunctionCommand, StringCommand, operation

from firstlight import adapter
from firstlight.errors import FirstlightError
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.facts.reboot import RebootAsked
from firstlight.nvidia import health
from firstlight.nvidia.decision import Decision
from firstlight.nvidia.state import NvidiaState
from firstlight.operations.commands import explained, failure, script
from firstlight.operations.reboot import FORGET, NOTE, SETTLED, rebooting, services_back

Policy = Literal["auto", "ask", "never"]
Commands = Generator[StringCommand | FunctionCommand, None, None]

ROLLBACK = "pyinfra INVENTORY deploys/gpu_rollback.py"

# dkms keeps the compiler's words in make.log. Modules that come prebuilt need none of it: then
# only a package can be missing, and what is on disk says so. dkms answers 0 also where it has
# nothing to build, so what counts is what modinfo then reads.
BUILD = r"""
version=$1; shift; bad=
for kernel in "$@"; do
  if command -v dkms >/dev/null 2>&1; then timeout 1800 dkms autoinstall -k "$kernel" 2>&1 | tail -n 20; fi
  has=$(modinfo -k "$kernel" -F version nvidia 2>/dev/null || true)
  [ "$has" = "$version" ] && continue
  bad="$bad $kernel"; echo "kernel $kernel: module ${has:-missing}, wanted $version" >&2
  [ -d "/lib/modules/$kernel/build" ] || echo "kernel $kernel: its headers are missing" >&2
  for log in /var/lib/dkms/nvidia*/"$version"/build/make.log /var/lib/dkms/nvidia*/"$version"/"$kernel"/*/log/make.log; do
    [ -f "$log" ] && { echo "--- $log" >&2; tail -n 8 "$log" >&2; }
  done
done
[ -z "$bad" ]
"""

# A refused signature is not mended by a reboot; everything else may be.
LOAD = r"""
said=$(timeout 120 modprobe nvidia 2>&1 && timeout 120 modprobe nvidia_uvm 2>&1) && exit 0
printf '%s\n' "$said"
case $said in *"rejected by service"*) exit 1 ;; esac
exit 0
"""


def now() -> NvidiaState:
    """Return the GPU layer of the host as it is at this moment."""
    return host.get_fact(NvidiaProbe) or NvidiaState()


def asked_for() -> tuple[str, str]:
    """Return the boot in which a reboot was asked for, and for which driver; empty: none was."""
    return host.get_fact(RebootAsked, path=NOTE) or ("", "")


@operation()
def loaded(decision: Decision, policy: Policy, timeout: int) -> Commands:
    """
    Have the driver's module on disk for this boot and the next, and running; reboots if it must.

    + decision: the host's GPU layer as it shall be
    + policy: whether a reboot is done, asked for, or refused
    + timeout: seconds until a rebooted host has to answer
    """
    found = now()
    if decision.driver_is_ours and not found.user_space:
        yield failure(not_working("no libnvidia-ml.so is on the disk"))
        return
    missing = health.unbuilt(found, decision)
    if not missing and not health.reboot_reasons(found, decision):
        if error := health.trouble(found, decision):
            yield failure(not_working(error))
        elif asked_for()[0]:
            yield script(FORGET, NOTE)
        else:
            host.noop(f"driver {found.loaded} runs with {len(found.gpus)} GPUs")
        return
    if missing:
        yield explained(script(BUILD, found.user_space, *missing), unbuilt(missing))
        found = now()
    if not found.loaded and not found.nouveau:
        yield explained(script(LOAD), rejected())
        found = now()
    if reasons := health.reboot_reasons(found, decision):
        if refused := refusal(found, reasons, policy):
            yield failure(refused)
            return
        yield from rebooting(host, found.user_space, reasons, timeout)
        found = now()
        if health.trouble(found, decision):
            yield script(SETTLED)
            found = now()
    if error := health.trouble(found, decision):
        yield failure(not_working(error))
        return
    if reasons:  # after the driver: services that need it would only say that it is missing
        yield services_back(host)


def refusal(found: NvidiaState, reasons: list[str], policy: Policy) -> FirstlightError | None:
    """Return why the host is not rebooted now; None where it may be."""
    why = "; ".join(reasons)
    asked = asked_for()
    if asked[1] == found.user_space and asked[0] != found.boot_id:
        return not_working(f"{why}, although the host was rebooted for it", *found.evidence[-3:])
    if adapter.is_here(host):
        return needed(why, "reboot this machine, which is the host itself, then run again")
    if policy == "auto" or not adapter.is_executing(state):
        return None
    if policy == "ask" and adapter.agreed(f"{host.name}: reboot it now? {why}"):
        return None
    fix = f'reboot {host.name} when it suits, then run again; or set nvidia.reboot to "auto"'
    return needed(why, fix)


def needed(why: str, fix: str) -> FirstlightError:
    """The error of a host that has to be rebooted by somebody else."""
    return FirstlightError(
        "reboot needed, and not done: everything before it is in place",
        where=f"{host.name}: nvidia.reboot",
        why=why,
        fix=fix,
    )


def unbuilt(kernels: list[str]) -> FirstlightError:
    """The error of kernels that would come up without the driver."""
    return FirstlightError(
        f"the driver's module is not there for kernel {' and '.join(kernels)}; "
        "the host is not rebooted",
        where=host.name,
        why="what dkms and modinfo say stands above",
        fix="mend what the log names (often headers or a compiler of another version) and run "
        f"again, or go back to what worked: {ROLLBACK}",
    )


def rejected() -> FirstlightError:
    """The error of a module whose signature the kernel does not trust."""
    return FirstlightError(
        "the kernel rejects the driver's module: Secure Boot is on and its key is not enrolled",
        where=host.name,
        fix="on the host: mokutil --import the key (/var/lib/shim-signed/mok/MOK.der on Ubuntu, "
        "/var/lib/dkms/mok.pub elsewhere), reboot, choose Enroll MOK on the console; or use signed modules (nvidia.source: distro), or switch Secure Boot off",
    )


def not_working(*why: str) -> FirstlightError:
    """The error of a driver that is installed and does not work."""
    return FirstlightError(
        "the driver does not work as it shall",
        where=host.name,
        why="; ".join(why),
        fix=f"see journalctl -k -b on the host for NVRM; to return to what worked last: {ROLLBACK}",
    )
