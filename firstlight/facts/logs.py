"""Units that send and take journals, as a host has them."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# What a unit was started with stands in a folder that goes when it ends for good. A unit that is
# about to be started again is on, for what it is started with is what stands in its file.
READ = r"""
cd /etc/systemd/system || exit 0
{ ls -d "$1"* ./*/"$1"* 2>/dev/null | sed 's|.*/||'
  systemctl list-units --all --plain --no-legend --no-pager "$1*" | cut -d' ' -f1
} | grep -v '@\.' | sort -u | while read -r unit; do
  state=$(systemctl show -p ActiveState -p UnitFileState -p NeedDaemonReload --value "$unit" | tr '\n' ' ')
  folder=$(echo "${unit%.service}" | tr @ -)
  echo "$unit" $(cat "/run/$folder/spec" 2>/dev/null || echo -) $state
done
echo read=yes
"""


@dataclass(frozen=True)
class LogUnit:
    """Whether a unit is ``on`` (now, and after a reboot), and the ``spec`` that it was started with.

    ``stale`` says that its file was changed since systemd read it.
    """

    on: bool
    spec: str = ""
    stale: bool = False


class LogUnits(FactBase[dict[str, LogUnit]]):
    """Return the units by name whose names begin with ``prefix``."""

    default = dict

    @override
    def command(self, prefix: str) -> StringCommand:
        return StringCommand("sh -c", QuoteString(READ.strip()), "firstlight", QuoteString(prefix))

    @override
    def process(self, output: list[str]) -> dict[str, LogUnit]:
        found: dict[str, LogUnit] = {}
        for words in (line.split() for line in output):
            if len(words) < 4:
                continue
            name, spec, *states = words
            lasting = "enabled" in states or "static" in states
            up = "active" in states or "activating" in states
            found[name] = LogUnit(up and lasting, spec.strip("-"), "yes" in states)
        return found
