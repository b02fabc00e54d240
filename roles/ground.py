"""Ground: what every host has before it serves anything, in the one order in which it can be set up.

Nothing is opened before the firewall is in place: what a role declares is let in from the moment
on at which something answers there.
"""

from __future__ import annotations

from firstlight.planned import GroundPlan
from roles.base import base
from roles.firewall import firewall
from roles.hardening import hardening
from roles.openings import openings
from roles.ssh import ssh


def ground(host: GroundPlan) -> None:
    """Set up packages, folders and clock, who may reach the host, and what it is hardened by."""
    base(host.settings, host.system)
    firewall(host.settings, host.system, host.sites, openings(host.settings, host.sites))
    ssh(host.settings, host.system, host.ssh)
    hardening(host.settings, host.system)
