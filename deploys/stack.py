"""The main job: a bare OS becomes a running stack, and its first token is seen.

pyinfra inventories/lab.py deploys/stack.py
"""

from firstlight.maintenance_plan import quiet
from firstlight.plan import plan
from roles.docker import docker
from roles.engine import engine
from roles.front import front
from roles.gpus import gpus
from roles.ground import closed, ground
from roles.image import image
from roles.models import models
from roles.nvidia import nvidia
from roles.ready import ready
from roles.watch import watch

host = plan()  # validates every host of the inventory; nothing has been changed before it
quiet(host.sites)
ground(host)
if host.gpu:
    nvidia(host.settings, host.system, host.gpu)
if host.gpu or host.settings.has_containers:
    docker(host.settings, host.system)
if host.gpu:
    gpus(host.gpu)
if host.settings.models:
    image(host.settings)
    models(host.settings, host.system, host.fetch_program)
if host.edge_first:  # it begins to show the engines a secret before they begin to ask for it
    front(host)
if host.settings.models or host.probe.engines:  # those of models gone are retired
    engine(host.instances, host.probe.systemd, host.system, host.secrets)
if not host.edge_first:
    front(host)
closed(host)
if host.publics and host.release:
    ready(host.settings, host.publics, host.system, host.release, host.clock)
watch(host)
