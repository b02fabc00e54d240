"""What an audit says of the current host from inside: facts of several areas, compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Literal

from pyinfra import host, inventory, state

from firstlight import adapter
from firstlight.audit import access, listening, sshd, upkeep, walls
from firstlight.audit.finding import Finding, judged
from firstlight.audit.host import Looked
from firstlight.audit.inside import Inside
from firstlight.audit.places import SECRETS
from firstlight.catalogue import supported_system
from firstlight.catalogue.ssh import SshRow, ssh_row
from firstlight.errors import FirstlightError
from firstlight.facts.audit import AuditState
from firstlight.facts.firewall import Firewall, FirewallState
from firstlight.facts.hardening import HardeningState
from firstlight.facts.ssh import SshConfiguration, SshState
from firstlight.firewall.opening import Opening
from firstlight.firewall.rules import of_host
from firstlight.hardening.change import gaps
from firstlight.hardening.found import Found
from firstlight.hardening.wanted import Wanted
from firstlight.operations.firewall import PROGRAM, UNITS
from firstlight.operations.transaction_apt import OURS
from firstlight.plan import refusing, site_plan
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.ssh.lines import keywords
from firstlight.ssh.lines import wanted as wanted_lines

PYTHON = "/usr/bin/python3"
# Of so many accounts sshd is asked what it does for each.
ASKED = 100
Declared = Callable[[HostSettings, Site], tuple[Opening, ...]]


def audit_plan(declared: Declared) -> Looked:
    """Return the current host looked at from inside, or refuse the run.

    ``declared`` says what is open on a host.
    """
    with refusing():
        sites = site_plan().settings
        settings = sites[host.name]
        found: Inside = host.get_fact(AuditState, secrets=SECRETS, held=OURS)
        if found.failed:
            fix = "is it Linux, with iproute2, and may the account use sudo?"
            raise FirstlightError(
                "the audit could not look at the host", where=host.name, why=found.failed, fix=fix
            )
        openings = declared(settings, sites)
        findings = [
            *listening.listening(host.name, found, openings),
            *listening.published(host.name, found, openings),
            *listening.egress(host.name, found),
            *listening.dropped(host.name, found),
            *firewalled(settings, sites, found, openings),
            *access.accounts(host.name, found, settings.ssh.users),
            *access.secrets(host.name, found),
            *by_ssh(settings, found),
            *upkeep.updates(host.name, found),
            *upkeep.reboot(host.name, found),
            *upkeep.holds(host.name, found),
            *hardened(settings, found),
            *walls.switched(host.name, settings.hardening.off),
        ]
        return looked(settings, found, openings, judged(findings, settings.hardening.off))


def looked(
    settings: HostSettings, found: Inside, openings: tuple[Opening, ...], findings: list[Finding]
) -> Looked:
    """Return what the command needs of the host to compare the view from outside with."""
    data, _ = adapter.inventory_data(inventory)[host.name]
    said = [str(data.get("ssh_hostname") or host.name), settings.reached_at]
    if adapter.is_here(host):
        said = [settings.address] if settings.address else []
    return Looked(
        host=host.name,
        asked=adapter.hosts_asked(state),
        known=tuple(site_plan().settings),
        named=tuple(dict.fromkeys((*said, *settings.firewall.addresses))),
        addresses=found.addresses,
        ssh_port=settings.firewall.ssh_port,
        host_keys=found.host_keys,
        source=found.source,
        openings=openings,
        listeners=found.listeners,
        findings=tuple(findings),
        off=dict(settings.hardening.off),
    )


def firewalled(
    settings: HostSettings, sites: Site, found: Inside, openings: tuple[Opening, ...]
) -> Iterator[Finding]:
    """Yield what is wrong with the firewall."""
    if not settings.firewall.enabled:
        yield walls.switched_off(host.name)
        return
    state_: Firewall = host.get_fact(FirewallState, python=PYTHON, program=PROGRAM, units=UNITS)
    yield from walls.drift(host.name, state_, found)
    wanted = of_host(settings, sites, openings)
    if state_.loaded and found.rules != sha256(wanted.encode()).hexdigest():
        yield walls.stale(host.name)


def by_ssh(settings: HostSettings, found: Inside) -> Iterator[Finding]:
    """Yield how SSH lets in more than keys, for any account, and is not as it was written."""
    row: SshRow | None = None
    with suppress(FirstlightError):  # of a system that is not supported only who gets in is known
        row = ssh_row(supported_system(*found.system)) if settings.ssh.enabled else None
    words = (*access.KEYWORDS, *(keywords(settings, row) if row else ()))
    users = tuple(each.name for each in found.accounts if each.logs_in)[:ASKED]
    said: SshState = host.get_fact(SshConfiguration, keywords=words, users=users)
    yield from access.ssh(host.name, said.effective)
    if row:
        yield from sshd.gaps(host.name, wanted_lines(settings, row, said), said)


def hardened(settings: HostSettings, found: Inside) -> Iterator[Finding]:
    """Yield every control of the host's hardening that is not in force."""
    if not settings.hardening.enabled:
        yield walls.unhardened(host.name)
        return
    managers: tuple[Literal["apt", "dnf"], ...] = ("apt", "dnf")
    wanted = {
        each: Wanted(settings.hardening.controls, each, settings.hardening.journal)
        for each in managers
    }
    mine = wanted["dnf" if found.manager == "dnf" else "apt"]
    state_: Found = host.get_fact(
        HardeningState,
        keys=mine.keys,
        modes=mine.modes,
        paths=mine.known_paths,
        units=mine.known_units,
    )
    if not state_.read:
        raise FirstlightError("the host's settings could not be read", where=host.name)
    yield from walls.hardening(host.name, gaps(mine, state_))
