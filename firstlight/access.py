"""What would lock the operator out, known before the first change: pure functions over what was read."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from firstlight.errors import FirstlightError
from firstlight.facts.probe import Probe
from firstlight.settings import HostSettings

PROGRAM = "/usr/local/lib/firstlight/trial"


def access_obstacles(settings: HostSettings, probe: Probe) -> Iterator[FirstlightError]:
    """Yield that the firewall would not let the operator back in, or that another one is there."""
    if probe.trials:
        names = ", ".join(sorted(probe.trials))
        yield FirstlightError(
            f"an earlier change of {names} neither stays nor goes back",
            where=settings.name,
            why="it waited to be confirmed for longer than any change does",
            fix=f"on the host: {PROGRAM} revert {sorted(probe.trials)[0]}",
        )
    wanted = settings.firewall
    if not wanted.enabled:
        return
    seen = probe.seen_from
    if (
        seen
        and not ip_address(seen).is_loopback
        and not any(ip_address(seen) in ip_network(each) for each in wanted.admin)
    ):
        yield FirstlightError(
            "the admin networks leave this control machine out",
            where=f"{settings.name}: firewall.admin",
            why=f"your connection comes from {seen}, let in are {', '.join(wanted.admin)}",
            fix=f'add "{seen}" or its network to firewall.admin',
        )
    if probe.seen_at and probe.seen_at != wanted.ssh_port:
        yield FirstlightError(
            f"sshd answers at port {probe.seen_at}, and the firewall would let in {wanted.ssh_port}",
            where=f"{settings.name}: firewall.ssh_port",
            why=f"your connection came to port {probe.seen_at}",
            fix=f"set firewall.ssh_port to {probe.seen_at}",
        )
    if probe.firewalls and not wanted.take_over:
        names = ", ".join(sorted(probe.firewalls))
        yield FirstlightError(
            f"{names} is active: a packet has to pass both firewalls, and this one knows no role",
            where=f"{settings.name}: firewall",
            why=f"systemctl is-active shows {names}",
            fix='have it switched off with "firewall": {"take_over": True}, after its rules that you '
            'need stand in firewall.allow; or set "firewall": {"enabled": False} and keep it',
        )
