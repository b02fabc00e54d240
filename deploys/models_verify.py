"""Every file of every host's store read again, and compared with its checksum.

pyinfra -y inventories/prod.py deploys/models_verify.py
"""

from firstlight.models_plan import models_plan
from firstlight.operations import store
from roles.models import ACCOUNT, PROGRAM

host = models_plan()

if host.settings.models:
    python = host.system.python
    store.verified(name="Check the weights", python=python, program=PROGRAM, user=ACCOUNT)
