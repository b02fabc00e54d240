"""Ground: what every host has before it serves anything, in the one order in which it can be set up.

Nothing is opened before the firewall is in place: what a role declares is let in from the moment
on at which something answers there. What nginx serves no more is closed when it has moved.
"""

from __future__ import annotations

from firstlight.planned import GroundPlan
from roles.base import base
from roles.firewall import firewall
from roles.hardening import hardening
from roles.openings import leaving, openings
from roles.ssh import ssh


def ground(host: GroundPlan) -> None:
    """Set up packages, folders and clock, who may reach the host, and what it is hardened by."""
    base(host.settings, host.system)
    opened(host)
    ssh(host.settings, host.system, host.ssh)
    hardening(host.settings, host.system)


def opened(host: GroundPlan) -> None:
    """Let in what is declared, and what nginx still serves."""
    declared = openings(host.settings, host.sites)
    shown = (*declared, *leaving(host, declared))
    firewall(host.settings, host.system, host.sites, shown)


def closed(host: GroundPlan) -> None:
    """Let in what is declared alone, where nginx served something else before."""
    declared = openings(host.settings, host.sites)
    if leaving(host, declared):
        firewall(host.settings, host.system, host.sites, declared)
