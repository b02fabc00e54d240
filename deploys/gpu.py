"""The GPU layer: from a card on the PCI bus to containers that see it, also after a reboot.

pyinfra inventories/prod.py deploys/gpu.py
"""

from firstlight.maintenance_plan import loud, quiet
from firstlight.plan import gpu_plan
from roles.docker import docker
from roles.gpus import gpus
from roles.ground import ground
from roles.nvidia import nvidia

host = gpu_plan()  # validates every host of the inventory; nothing has been changed before it
quiet(host.sites)  # a new driver may ask for a reboot

ground(host)
if host.gpu:
    nvidia(host.settings, host.system, host.gpu)
    docker(host.settings, host.system)
    gpus(host.gpu)
loud()
