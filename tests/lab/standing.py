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
# Whatever engine it is. The version before has a file of its own: the unit says which one counts.
BASE = r"""
watch=$(grep -om1 '/etc/firstlight/engines/tiny/watch-[^ ]*' /etc/systemd/system/firstlight-engine-tiny.service)
base=$(sed -n 's/^ "base": "\(.*\)",$/\1/p' "$watch")"""
