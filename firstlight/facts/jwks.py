"""The keys of a token issuer as a host has them."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

READ = r"""
grep -sm1 '^ "mark":' "$1" | sed 's/^ "mark": "/mark=/; s/",$//'
for unit in "$2" "$3"; do [ -e "/etc/systemd/system/$unit" ] && echo "there=$unit"; done
systemctl is-enabled --quiet "$3" 2>/dev/null && systemctl is-active --quiet "$3" && echo ticking=yes
echo read=yes
"""


@dataclass(frozen=True)
class Keys:
    """``mark`` says with what the keys were fetched, "" where there are none; ``units`` are there."""

    mark: str = ""
    units: tuple[str, ...] = ()
    ticking: bool = False


class JwksState(FactBase[Keys]):
    """Return the :class:`Keys` in ``file``, fetched by ``service`` when ``timer`` says so."""

    default = Keys

    @override
    def command(self, file: str, service: str, timer: str) -> StringCommand:
        names = [QuoteString(each) for each in (file, service, timer)]
        return StringCommand("sh -c", QuoteString(READ.strip()), "firstlight", *names)

    @override
    def process(self, output: list[str]) -> Keys:
        lines = [line.partition("=")[::2] for line in output]
        found = dict(lines)
        units = tuple(value for key, value in lines if key == "there")
        return Keys(found.get("mark", ""), units, found.get("ticking") == "yes")
