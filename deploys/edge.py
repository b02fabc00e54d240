"""The edge alone: TLS, keys, limits and routes of every host; engines are left as they are.

pyinfra inventories/prod.py deploys/edge.py
"""

from firstlight.plan import edge_plan
from roles.edge import edge

host = edge_plan()  # validates every host of the inventory; nothing has been changed before it

if host.release:
    edge(host.settings, host.system, host.release)
