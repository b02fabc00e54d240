"""The edge alone: TLS, keys, limits and routes of every host; engines are left as they are.

pyinfra inventories/prod.py deploys/edge.py
"""

from firstlight.plan import edge_plan
from roles.front import front
from roles.ground import closed, opened

host = edge_plan()  # validates every host of the inventory; nothing has been changed before it

opened(host)
front(host)
closed(host)
