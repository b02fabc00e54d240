"""A witness of what gets out, put where it sees it."""

from __future__ import annotations

from pathlib import Path

from tests.lab.rack import TestRack
from tests.lab.tricks import every

WATCH = """
cat >/run/witness.py <<'END'
{program}
END
systemd-run -q --collect --unit={unit} -p RuntimeMaxSec=180 {inside} \
  python3 -u /run/witness.py {nonce} {interface} {hidden}
for i in $(seq 50); do journalctl -q -o cat -u {unit} | grep -qx ready && break; sleep 0.1; done
"""


def watch(rack: TestRack, host: str, nonce: str, unit: str = "witness", inside: str = "") -> None:
    """Have the witness look at ``host``, or ``inside`` of something on it, until it is ready."""
    program = Path(__file__).with_name("witness.py").read_text()
    interface = "eth0" if inside else "host0"
    hidden = f"{every.HIDDEN}{'-another' if inside else ''}"
    words = {"unit": unit, "inside": inside, "interface": interface, "hidden": hidden}
    rack.sh(host, WATCH.format(program=program, nonce=nonce, **words))
