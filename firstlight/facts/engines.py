"""The engines on a host: their units' state, and which specification really runs."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

SCRIPT = r"""
label=$1
for file in /etc/systemd/system/firstlight-engine-*.service; do
  [ -f "$file" ] || continue
  unit=$(basename "$file"); name=${unit#firstlight-engine-}; name=${name%.service}
  eval "$(systemctl show -p ActiveState,UnitFileState,NeedDaemonReload "$unit" | sed "s/=\(.*\)/='\1'/")"
  spec=$(docker inspect -f "{{index .Config.Labels \"$label\"}}" "firstlight-$name" 2>/dev/null)
  echo "$name $ActiveState ${UnitFileState:-none} ${NeedDaemonReload:-no} ${spec:-none}"
done
true
"""


@dataclass(frozen=True)
class EngineState:
    """One unit: systemd's ActiveState, enabled, changed on disk, the running container's spec."""

    active: str
    enabled: bool
    reload_needed: bool
    spec: str


class EngineStates(FactBase[dict[str, EngineState]]):
    """Return the state of every engine unit by model name; ``label`` holds the spec."""

    default = dict

    @override
    def command(self, label: str) -> StringCommand:
        return StringCommand("sh -c", QuoteString(SCRIPT), "engines", QuoteString(label))

    @override
    def process(self, output: list[str]) -> dict[str, EngineState]:
        states = {}
        for line in output:
            parts = line.split()
            if len(parts) == 5:
                name, active, enabled, changed, spec = parts
                states[name] = EngineState(active, enabled == "enabled", changed == "yes", spec)
        return states
