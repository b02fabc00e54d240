"""Back to the GPU driver and toolkit that were last proven on each host, by the way forward.

pyinfra inventories/prod.py deploys/gpu_rollback.py
"""

from firstlight.maintenance_plan import loud, quiet
from firstlight.plan import gpu_return_plan
from roles.gpus import gpus
from roles.nvidia import nvidia

host = gpu_return_plan()  # refuses where nothing was proven before; nothing has been changed
quiet(host.sites)  # a driver of before may ask for a reboot

if host.gpu:
    nvidia(host.settings, host.system, host.gpu)
    gpus(host.gpu)
loud()
