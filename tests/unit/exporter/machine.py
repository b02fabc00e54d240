"""A folder made to look like a host, and programs that stand in for the host's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firstlight.exporter import command
from firstlight.exporter.page import Page
from tests.stubs import Stubs

SPEC = {
    "gpus": {"managed": True, "expected": 0},
    "units": ["nginx.service", "firstlight-*.service"],
    "firewall": True,
    "backup": {"file": "/var/lib/firstlight/backup/last", "expected": False},
    "nginx": "/etc/nginx/current",
    "certificates": {"issuer": "/etc/tls/issuer.crt"},
    "models": [],
    "run": {"mark": "/run.json", "receipt": "/receipt.json", "longest_seconds": 3600},
}
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")


class Machine:
    """``root`` is the host's root folder, ``state`` where the program keeps what it counted."""

    def __init__(self, folder: Path, stubs: Stubs) -> None:
        self.root, self.state, self.stubs = folder / "root", folder / "state", stubs
        self.root.mkdir()
        self.state.mkdir()

    def put(self, path: str, text: str = "") -> Path:
        """Write a file of the host."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def gpu(self, address: str, vendor: str = "0x10de", kind: str = "0x030000") -> None:
        """Put a card into a slot."""
        self.put(f"/sys/bus/pci/devices/{address}/vendor", f"{vendor}\n")
        self.put(f"/sys/bus/pci/devices/{address}/class", f"{kind}\n")


def samples(page: Page) -> dict[str, float]:
    """Return the page's samples by series, without the common beginning of their names."""
    found: dict[str, float] = {}
    for line in page.text().splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            name = match[1].removeprefix("firstlight_")
            found[f"{name}{{{match[2]}}}" if match[2] else name] = float(match[3])
    return found


@pytest.fixture
def machine(tmp_path: Path, stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setitem(command.ENVIRONMENT, "PATH", stubs.env["PATH"])
    return Machine(tmp_path, stubs)
