"""Where engines of lab hosts are asked on their own host, and how something else stands there."""

from __future__ import annotations

from firstlight.engines.llamacpp import PORT
from firstlight.engines.network import EngineNetwork

NETWORK = EngineNetwork(8000)
ADDRESS = NETWORK.container
ENGINE = f"{ADDRESS}:{PORT}"
"""llama.cpp, as the first model of a host."""
# While the engine is stopped its address is nobody's: the host takes it for itself.
TAKE = f"ip address replace {ADDRESS}/32 dev lo"
GIVE = f"ip address delete {ADDRESS}/32 dev lo 2>/dev/null"
# Whatever engine it is.
BASE = r"""base=$(sed -n 's/^ "base": "\(.*\)",$/\1/p' /etc/firstlight/engines/tiny/watch-*.json)"""
