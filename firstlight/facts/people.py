"""oauth2-proxy as it runs on a host."""

from __future__ import annotations

from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

READ = r"""
[ -e "/etc/systemd/system/$1" ] && echo there=yes
systemctl is-enabled --quiet "$1" 2>/dev/null && systemctl is-active --quiet "$1" && echo active=yes
docker inspect --format "spec={{ index .Config.Labels \"$3\" }}" "$2" 2>/dev/null
echo read=yes
"""


@dataclass(frozen=True)
class SignIn:
    """Whether its unit is ``there`` and ``active``; ``spec`` is what its container was made of."""

    there: bool = False
    active: bool = False
    spec: str = ""


class SignInState(FactBase[SignIn]):
    """Return the :class:`SignIn` of a ``unit`` and its ``container``."""

    default = SignIn

    @override
    def command(self, unit: str, container: str, label: str) -> StringCommand:
        names = [QuoteString(each) for each in (unit, container, label)]
        return StringCommand("sh -c", QuoteString(READ.strip()), "firstlight", *names)

    @override
    def process(self, output: list[str]) -> SignIn:
        found = dict(line.partition("=")[::2] for line in output)
        return SignIn("there" in found, "active" in found, found.get("spec", ""))
