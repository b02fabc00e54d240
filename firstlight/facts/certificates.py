"""The certificate that a host looks after itself: files, timers and what is there, in one trip."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.facts import files
from firstlight.facts.files import PathState, PathStates

SCRIPT = r"""
place=$1 metric=$2 asked=$3 timers=$4; shift 4
one() { printf '=%s=%s\n' "$1" "$2"; }
one purpose "$(cat "$place/current/purpose" 2>/dev/null)"
if [ -s "$place/current/tls.crt" ]; then
  for date in startdate enddate; do
    one $date "$(date -d "$(openssl x509 -noout -$date -in "$place/current/tls.crt" 2>/dev/null | cut -d= -f2)" +%s)"
  done
fi
one now "$(date +%s)"
[ -e "$asked" ] && one asked yes
mode=${place%/*}
grep -qsxF "firstlight_certificate_served{domain=\"${place##*/}\",mode=\"${mode##*/}\"} 1" "$metric" && one served yes
for timer in $timers; do
  one "$timer" "$(systemctl show --value -p ActiveState,UnitFileState,NeedDaemonReload "$timer" 2>/dev/null | tr -s '\n' ' ')"
done
"""


@dataclass(frozen=True)
class Certificate:
    """``paths`` by path; ``up`` are the timers that run as their files say.

    ``purpose`` is what the certificate was made for, ``left`` the part of its life that is left.
    """

    purpose: str = ""
    left: float = 0.0
    asked: bool = False
    served: bool = False
    up: frozenset[str] = frozenset()
    paths: dict[str, PathState] = field(default_factory=dict)

    def due(self, purpose: str) -> bool:
        """Whether another certificate is wanted, made for ``purpose``."""
        return self.asked or self.purpose != purpose or self.left < 1 / 3


class CertificateState(FactBase[Certificate]):
    """Return the :class:`Certificate` in ``place``, with the state of ``timers`` and ``paths``."""

    default = Certificate

    @override
    def command(
        self, place: str, metric: str, asked: str, timers: tuple[str, ...], paths: tuple[str, ...]
    ) -> StringCommand:
        words = [place, metric, asked, " ".join(timers), *paths]
        text = SCRIPT + files.SCRIPT
        return StringCommand(
            "sh -c", QuoteString(text), "certificate", *[QuoteString(word) for word in words]
        )

    @override
    def process(self, output: list[str]) -> Certificate:
        told = [line[1:].partition("=") for line in output if line.startswith("=")]
        values = {key: value.strip() for key, _, value in told}
        begin, end, now = (_whole(values.get(key)) for key in ("startdate", "enddate", "now"))
        return Certificate(
            purpose=values.get("purpose", ""),
            left=(end - now) / (end - begin) if begin < end else 0.0,
            asked="asked" in values,
            served="served" in values,
            # In systemctl's own order: whatever that is, a timer in order has these three.
            up=frozenset(
                key
                for key, value in values.items()
                if sorted(value.split()) == ["active", "enabled", "no"]
            ),
            paths=PathStates().process([line for line in output if not line.startswith("=")]),
        )


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
