"""The engines on a host: their units' state, what really runs, and how its GPUs are called."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# A GPU is told by its UUID only where the CDI specification knows it by that name; one that is
# divided into MIG instances has none there.
SCRIPT = r"""
label=$1 folder=$2
for file in /etc/systemd/system/firstlight-engine-*.service; do
  [ -f "$file" ] || continue
  unit=$(basename "$file"); name=${unit#firstlight-engine-}; name=${name%.service}
  eval "$(systemctl show -p ActiveState,UnitFileState,NeedDaemonReload "$unit" | sed "s/=\(.*\)/='\1'/")"
  spec=$(docker inspect -f "{{index .Config.Labels \"$label\"}}" "firstlight-$name" 2>/dev/null)
  echo "unit $name $ActiveState ${UnitFileState:-none} ${NeedDaemonReload:-no} ${spec:-none} $(sha256sum <"$file" | cut -d' ' -f1)"
  port=$(sed -n 's/.*--network fl-\([0-9]*\).*/\1/p; s/.*--publish 127\.0\.0\.1:\([0-9]*\):.*/\1/p' "$file" | head -n 1)
  echo "place $name ${port:-0} $(grep -o 'nvidia\.com/gpu=[^ \\]*' "$file" | cut -d= -f2 | tr '\n' ' ')"
  for path in "$folder/$name"/*; do
    [ -f "$path" ] && echo "file $name $(sha256sum <"$path" | cut -d' ' -f1) $path"
  done
done
if command -v nvidia-smi >/dev/null 2>&1; then
  said=$(timeout 20 nvidia-smi --query-gpu=index,uuid --format=csv,noheader 2>/dev/null) || echo "gpus unreadable"
  printf '%s\n' "$said" | tr -d ' ' |
  while IFS=, read -r index uuid; do
    grep -qsF "$uuid" /var/run/cdi/* /etc/cdi/* && echo "gpu $index $uuid"
  done
fi
true
"""


@dataclass(frozen=True)
class EngineState:
    """One unit: systemd's ActiveState, enabled, changed on disk, the running container's spec.

    ``unit`` is the SHA-256 sum of the unit file, ``files`` are those of what it reads, by path.
    ``port`` and ``gpus`` are what the unit file takes: 0 for one that joins other hosts, CDI names.
    """

    active: str
    enabled: bool
    reload_needed: bool
    spec: str
    unit: str = ""
    files: dict[str, str] = field(default_factory=dict)
    port: int = 0
    gpus: tuple[str, ...] = ()


@dataclass(frozen=True)
class Engines:
    """All engine units by instance name, and the UUIDs of the host's GPUs by number.

    ``readable`` is False where nvidia-smi is there and fails.
    """

    units: dict[str, EngineState] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)
    readable: bool = True


class EngineStates(FactBase[Engines]):
    """Return the :class:`Engines` of a host.

    ``label`` is the container label that holds the spec, ``folder`` holds the units' files.
    """

    default = Engines

    @override
    def command(self, label: str, folder: str) -> StringCommand:
        return StringCommand(
            "sh -c", QuoteString(SCRIPT), "engines", QuoteString(label), QuoteString(folder)
        )

    @override
    def process(self, output: list[str]) -> Engines:
        units: dict[str, EngineState] = {}
        uuids: dict[str, str] = {}
        for line in output:
            kind, _, rest = line.partition(" ")
            parts = rest.split()
            if kind == "unit" and len(parts) == 6:
                name, active, enabled, changed, spec, digest = parts
                units[name] = EngineState(
                    active, enabled == "enabled", changed == "yes", spec, digest
                )
            elif kind == "file" and len(parts) == 3 and parts[0] in units:
                name, digest, path = parts
                files = {**units[name].files, path: digest}
                units[name] = replace(units[name], files=files)
            elif kind == "place" and len(parts) >= 2 and parts[0] in units:
                port = int(parts[1]) if parts[1].isdecimal() else 0
                units[parts[0]] = replace(units[parts[0]], port=port, gpus=tuple(parts[2:]))
            elif kind == "gpu" and len(parts) == 2:
                uuids[parts[0]] = parts[1]
        return Engines(units, uuids, readable="gpus unreadable" not in output)
