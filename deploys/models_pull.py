"""The weights of every model on its hosts, and nothing else: engines are left as they are.

pyinfra inventories/prod.py deploys/models_pull.py
"""

from firstlight.models_plan import models_plan
from roles.base import base
from roles.models import models

host = models_plan()  # validates every host of the inventory; nothing has been changed before it

if host.settings.models:
    base(host.settings, host.system)
    models(host.settings, host.system, host.fetch_program)
