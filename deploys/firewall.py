"""The ground alone: who may reach a host, and nothing of what it serves.

pyinfra inventories/lab.py deploys/firewall.py
"""

from firstlight.plan import ground_plan
from roles.ground import ground

ground(ground_plan())
