"""Grafana as it runs on a monitor."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

READ = r"""
unit=$1 container=$2 label=$3 mark=$4
for each in "/etc/systemd/system/$unit" /etc/firstlight/grafana; do [ -e "$each" ] && echo there=yes; done
systemctl is-enabled --quiet "$unit" 2>/dev/null && systemctl is-active --quiet "$unit" && echo active=yes
command -v docker >/dev/null && docker inspect --format "spec={{ index .Config.Labels \"$label\" }}" "$container" 2>/dev/null
[ -r "$mark" ] && echo "proven=$(head -c 64 "$mark")"
echo read=yes
"""


@dataclass(frozen=True)
class Running:
    """Whether something of it is ``there``, and its unit ``active``.

    ``spec``: what its container was made of; ``proven``: with what it was last seen serving.
    """

    there: bool = False
    active: bool = False
    spec: str = ""
    proven: str = ""


class GrafanaState(FactBase[Running]):
    """Return what is :class:`Running`; ``mark`` is the file with what was proven."""

    default = Running

    @override
    def command(self, unit: str, container: str, label: str, mark: str) -> StringCommand:
        names = [QuoteString(each) for each in (unit, container, label, mark)]
        return StringCommand("sh -c", QuoteString(READ.strip()), "firstlight", *names)

    @override
    def process(self, output: list[str]) -> Running:
        found = dict(line.partition("=")[::2] for line in output)
        return Running(
            "there" in found, "active" in found, found.get("spec", ""), found.get("proven", "")
        )
