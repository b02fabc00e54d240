"""Observation alone: what hosts measure, and on monitors what is made of it; serving stays as it is.

pyinfra inventories/prod.py deploys/monitor.py
"""

from firstlight.maintenance_plan import quiet
from firstlight.plan import watch_plan
from roles.docker import docker
from roles.front import front
from roles.ground import closed, opened
from roles.watch import watch

host = watch_plan()  # validates every host of the inventory; nothing has been changed before it
quiet(host.sites)

opened(host)
if host.settings.has_containers:
    docker(host.settings, host.system)
front(host)  # monitors read a host through its nginx
closed(host)
watch(host)
