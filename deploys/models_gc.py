"""Weights that no unit, no job and no way back uses, removed from every host's store.

pyinfra inventories/prod.py deploys/models_gc.py    shows them, and asks
"""

from firstlight.models_plan import models_plan
from firstlight.operations import store
from roles.models import PROGRAM

host = models_plan()

store.collected(
    name="Remove unused weights",
    python=host.system.python,
    program=PROGRAM,
    keep=host.folders,
)
