"""The ground and the kernel's settings: what a machine with a kernel of its own can show."""

from firstlight.plan import ground_plan
from roles.ground import ground
from roles.hardening import hardening

host = ground_plan()
ground(host)
hardening(host.settings, host.system)
