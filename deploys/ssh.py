"""SSH alone: who may log in to a host, and how.

pyinfra inventories/lab.py deploys/ssh.py
"""

from firstlight.plan import ground_plan
from roles.ssh import ssh

host = ground_plan()
ssh(host.settings, host.system, host.ssh)
