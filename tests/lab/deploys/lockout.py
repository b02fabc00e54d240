"""A firewall that forgot the operator: what a mistake in a role, or in a network, would make of it."""

from firstlight.plan import ground_plan
from roles.firewall import firewall
from roles.openings import openings

host = ground_plan()
declared = openings(host.settings, host.sites)
firewall(host.settings, host.system, host.sites, [each for each in declared if each.role != "ssh"])
