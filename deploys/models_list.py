"""The weights in every host's store: what, how large, whether complete, who uses it.

pyinfra -y inventories/prod.py deploys/models_list.py
"""

from firstlight.models_plan import models_plan
from firstlight.operations import store
from roles.models import PROGRAM

host = models_plan()

store.listed(name="List the weights", python=host.system.python, program=PROGRAM)
