"""The tests' lab as an object: run pyinfra against it, look into its hosts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstlight.lab import manifest, ssh
from firstlight.lab.inventory import lab_inventory
from firstlight.lab.state import Rack
from tests.lab import tree
from tests.lab.client import Client, first_key

ROOT = Path(__file__).resolve().parents[2]
# Tests that run side by side have a lab each.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
LAB = os.environ.get("FIRSTLIGHT_TEST_LAB", "test") + (f"-{WORKER}" if WORKER else "")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Run:
    """A finished command: exit code, both outputs together and apart, seconds."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        return self.out + self.err


def command(*words: str, timeout: float = 900, **env: str) -> Run:
    """Run a command in the checkout, bounded by ``timeout`` seconds."""
    began = time.monotonic()
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "FIRSTLIGHT_LAB": LAB, "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def firstlight(*words: str, check: bool = True, timeout: float = 900) -> Run:
    """Run the ``firstlight`` command."""
    run = command(str(BIN / "firstlight"), *words, timeout=timeout)
    assert not check or run.code == 0, run.text
    return run


@dataclass(frozen=True)
class TestRack:
    """The lab of the tests."""

    __test__ = False
    state: Rack

    @classmethod
    def load(cls) -> TestRack:
        found = manifest.load(ROOT, LAB)
        assert found is not None
        return cls(found)

    def pyinfra_words(
        self, host: str, *flags: str, data: dict[str, Any] | None = None, deploy: str = "stack"
    ) -> list[str]:
        """The plain pyinfra command for one host; ``data`` overrides the inventory's."""
        words = [str(BIN / "pyinfra"), "--limit", host, *flags]
        for key, value in (data or {}).items():
            words += ["--data", f"{key}={json.dumps(value)}"]
        return [*words, "inventories/lab.py", f"deploys/{deploy}.py"]

    def deploy(
        self,
        host: str,
        *flags: str,
        engine: str = "llamacpp",
        data: dict[str, Any] | None = None,
        deploy: str = "stack",
        timeout: float = 900,
    ) -> Run:
        """Deploy the stack, or a layer of it, to ``host`` with ``pyinfra -y``."""
        words = self.pyinfra_words(host, "-y", *flags, data=data, deploy=deploy)
        return command(*words, timeout=timeout, ENGINE=engine)

    def changes(self, host: str, **options: Any) -> tuple[Run, dict[str, int]]:
        """Deploy with ``--json``; return the run and its totals (success, no_change, error)."""
        run = self.deploy(host, "--json", **options)
        assert run.code == 0, run.text
        return run, json.loads(run.out)["results"]["totals"]

    def sh(self, host: str, script: str, *, check: bool = True, timeout: float = 120) -> Run:
        """Run a shell ``script`` as root on ``host`` over SSH, under its known host key."""
        words = ssh.command_line(self.state, host, ["sudo", "sh", "-s"])
        began = time.monotonic()
        done = subprocess.run(
            words, input=script, capture_output=True, text=True, timeout=timeout, check=False
        )
        run = Run(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
        assert not check or run.code == 0, f"{script}\n{run.text}"
        return run

    def state_of(self, host: str) -> list[str]:
        """What firstlight keeps on ``host`` and what runs there: equal where nothing changed."""
        return self.sh(host, tree.STATE).out.splitlines()

    def address(self, host: str) -> str:
        return self.state.hosts[host].address

    def client(self, host: str) -> Client:
        """A client of the public URL of ``host``, with firstlight's own API key."""
        folder = self.state.state_dir
        ca = folder / "ca" / "ca.crt"
        return Client(self.address(host), f"{host}.firstlight.internal", ca, first_key(folder))

    def model(self, engine: str = "llamacpp", **changes: Any) -> dict[str, Any]:
        """The lab's model as an entry of ``models``, with ``changes`` laid over it."""
        hosts = dict(lab_inventory(LAB, engine))
        return {**hosts["lab1"]["models"][0], **changes}

    def repository(self, name: str) -> dict[str, Any]:
        """The settings that name one of the hub's repositories: tiny, gated, padded."""
        found = self.state.extras["models"][name]
        return {"repo": found["repo"], "revision": found["revision"]}
