"""Gpus: the proof that containers see the GPUs, and keep them when systemd reads its units anew.

Owns /var/lib/firstlight/gpu/good.json, the combinations of kernel, driver and toolkit that were
seen to work here. It comes after Docker, because it is Docker that hands the GPUs on.
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.nvidia import good
from firstlight.nvidia.decision import Decision
from firstlight.operations import gpus as operations
from roles.owned import Owned

OWNS = Owned(files=(good.PATH,))


@deploy("Gpus")
def gpus(decision: Decision) -> None:
    """See the GPUs from inside a container, and remember what made it so."""
    # activate
    operations.visible(name="See the GPUs in a container", decision=decision)
