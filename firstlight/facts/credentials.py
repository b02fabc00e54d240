"""systemd credentials that an operator put on a host, by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

ENCRYPTED, PLAIN = "/etc/credstore.encrypted", "/etc/credstore"
READ = r"""
for name do
  for folder in /etc/credstore.encrypted /etc/credstore; do
    [ -f "$folder/$name" ] && stat -L -c '%a %n' "$folder/$name" && break
  done
done
true
"""


@dataclass(frozen=True)
class Held:
    """Where a credential is; ``private`` where only its owner may read it."""

    path: str
    private: bool

    @property
    def encrypted(self) -> bool:
        """Whether systemd decrypts it for the unit that loads it."""
        return self.path.startswith(f"{ENCRYPTED}/")


class HeldCredentials(FactBase[dict[str, Held]]):
    """Return the credentials of these ``names`` that are in the host's stores; encrypted first."""

    default = dict

    @override
    def command(self, names: Iterable[str]) -> StringCommand:
        words = [QuoteString(each) for each in names]
        return StringCommand("sh -c", QuoteString(READ.strip()), "firstlight", *words)

    @override
    def process(self, output: list[str]) -> dict[str, Held]:
        found = {}
        for line in output:
            mode, _, path = line.partition(" ")
            found[path.rpartition("/")[2]] = Held(path, not int(mode, 8) & 0o077)
        return found
