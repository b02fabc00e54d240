"""The SIMULATED vendor's archive: its packages by hand, and its faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from firstlight.lab.services import archive
from firstlight.lab.state import Rack
from tests.lab.hub import switched
from tests.lab.own_labs import sh

APT = "sudo DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends"
TOOLKIT = "nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools libnvidia-container1"
HEADERS = "linux-headers-$(uname -r | tr A-Z_ a-z-)"


@contextmanager
def faulty(rack: Rack, **switches: Any) -> Iterator[None]:
    """Have the archive fail as ``firstlight.lab.services.archive_server`` describes."""
    with switched(archive.switches(rack), switches):
        yield


def add(rack: Rack, host: str) -> None:
    """Have apt on ``host`` know both repositories, under their own keys."""
    for name in ("cuda", "toolkit"):
        known = rack.extras["archive"][name]
        key = (rack.checkout / known["key"]).read_text()
        line = f"deb [signed-by=/etc/apt/keyrings/{name}.asc] {known['url']} /"
        sh(
            rack,
            host,
            f"sudo tee /etc/apt/keyrings/{name}.asc >/dev/null <<'KEY'\n{key}\nKEY\n"
            f"echo '{line}' | sudo tee /etc/apt/sources.list.d/{name}.list >/dev/null\n",
        )
    update(rack, host)


def update(rack: Rack, host: str, check: bool = True) -> str:
    return sh(
        rack,
        host,
        f"{APT} update -o APT::Update::Error-Mode=any -o Acquire::Retries=0 2>&1",
        check=check,
    )


def install(rack: Rack, host: str, packages: str, check: bool = True) -> str:
    return sh(rack, host, f"{APT} install {packages} 2>&1", check=check, timeout=300)
