"""The edge alone: TLS, keys, limits and routes of every host; engines are left as they are.

pyinfra inventories/prod.py deploys/edge.py
"""

from firstlight.plan import edge_plan
from roles.firewall import firewall
from roles.front import front
from roles.openings import openings

host = edge_plan()  # validates every host of the inventory; nothing has been changed before it

firewall(host.settings, host.system, host.sites, openings(host.settings, host.sites))
front(host)
