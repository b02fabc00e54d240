"""The exporters of a host: what runs, what is written, and whether it tells of the host."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# The mark stands in the environment of what runs: a file that changed says nothing of that.
SCRIPT = r"""
node=$1 service=$2 timer=$3 page=$4
[ -e "/etc/systemd/system/$node.d/firstlight.conf" ] && echo "there=$node"
for unit in "$service" "$timer"; do [ -e "/etc/systemd/system/$unit" ] && echo "there=$unit"; done
pid=$(systemctl show -P MainPID "$node" 2>/dev/null)
[ "${pid:-0}" != 0 ] && tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | sed -n 's/^FIRSTLIGHT_MARK=/mark=/p'
for unit in "$node" "$timer"; do
  systemctl is-enabled --quiet "$unit" 2>/dev/null && systemctl is-active --quiet "$unit" && echo "up=$unit"
done
for unit in "$node" "$service" "$timer"; do
  [ "$(systemctl show -P NeedDaemonReload "$unit" 2>/dev/null)" = yes ] && echo "stale=$unit"
done
[ -n "$(find "$page" -mmin -5 2>/dev/null)" ] && echo told=yes
true
"""


@dataclass(frozen=True)
class Exporters:
    """``mark`` is the running node exporter's, "" for one that is not ours or does not run.

    ``there`` are units that have files of ours, ``up`` those that are enabled and active, ``stale``
    those that systemd has to read anew; ``told`` says that the facts are of the last minutes.
    """

    mark: str = ""
    there: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    told: bool = False


class ExporterState(FactBase[Exporters]):
    """Return the :class:`Exporters` of a host whose facts are written to ``page``."""

    default = Exporters

    @override
    def command(self, node: str, service: str, timer: str, page: str) -> StringCommand:
        words = [QuoteString(word) for word in (node, service, timer, page)]
        return StringCommand("sh -c", QuoteString(SCRIPT.strip()), "firstlight", *words)

    @override
    def process(self, output: list[str]) -> Exporters:
        many: dict[str, list[str]] = {}
        for line in output:
            key, _, value = line.partition("=")
            many.setdefault(key, []).append(value.strip())
        return Exporters(
            mark=many.get("mark", [""])[0],
            there=tuple(many.get("there", ())),
            up=tuple(many.get("up", ())),
            stale=tuple(many.get("stale", ())),
            told="told" in many,
        )
