"""Programs that several tests of observation have in common."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution's nginx, unpacked and not installed: its package would start it."""
    folder = tmp_path_factory.mktemp("nginx")
    for words in (["apt-get", "-qq", "download", "nginx"], ["sh", "-c", "dpkg -x nginx_*.deb ."]):
        subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder / "usr/sbin/nginx"
