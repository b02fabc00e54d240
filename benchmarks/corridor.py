"""Bare host → first token, and the run after it: phases, SSH commands, bytes.

    make bench            (ENGINE=vllm for vLLM, GPUS=rtx4090 for a host with a SIMULATED GPU,
                           MONITOR=itself for one that watches itself)

Uses a lab of its own (one host, made bare first), takes every figure from the run itself, and
prints a Markdown table: fresh run and no-op run side by side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from firstlight.phases import ORDER

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LAB = "bench"
ENGINE = os.environ.get("ENGINE", "llamacpp")
GPUS = os.environ.get("GPUS", "")
MONITOR = os.environ.get("MONITOR", "")
HOST = "lab1"

# Runs pyinfra as its command does, and then reads the counters of the SSH transport.
MEASURED_RUN = """
import json, sys, time
began = time.time()
from gevent import monkey; monkey.patch_all()
from pyinfra_cli.main import cli
sys.argv = ["pyinfra", "-y", "inventories/lab.py", "deploys/stack.py"]
code = 0
try:
    cli()
except SystemExit as end:
    code = end.code or 0
from firstlight.transport import traffic
counted = next(iter(traffic().values()))
print(json.dumps({"code": code, "seconds": time.time() - began, "execs": counted.execs,
                  "bytes_out": counted.bytes_out, "bytes_in": counted.bytes_in}))
"""


def run(*words: str, timeout: float = 1800) -> str:
    """Run a command in the checkout and return its output; a failure ends the benchmark."""
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "FIRSTLIGHT_LAB": LAB, "ENGINE": ENGINE, "MONITOR": MONITOR},
        stdout=subprocess.PIPE,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(words[:3])} ended with {done.returncode}")
    return done.stdout


def deploy() -> dict[str, Any]:
    """Deploy once and return its figures, with the phases that its receipt holds."""
    figures: dict[str, Any] = json.loads(run(sys.executable, "-c", MEASURED_RUN).splitlines()[-1])
    if figures["code"]:
        sys.exit(f"the deploy ended with {figures['code']}")
    receipt = run(
        str(BIN / "firstlight"), "lab", "exec", HOST, "cat", "/var/lib/firstlight/receipt.json"
    )
    figures["phases"] = json.loads(receipt)["phases"]
    return figures


def main() -> None:
    command = str(BIN / "firstlight")
    # It fails where there is none, which is what is wanted.
    subprocess.run([command, "lab", "down", "--purge", "--name", LAB], cwd=ROOT, check=False)
    gpus = ("--gpus", GPUS) if GPUS else ()
    run(command, "lab", "up", "--name", LAB, "--engine", ENGINE, *gpus)
    run(command, "keys", "issue", "bench", "--once", "--site", LAB)
    try:
        fresh, again = deploy(), deploy()
    finally:
        run(command, "lab", "down", "--purge", "--name", LAB)
    print(f"| {ENGINE} on one lab host, {os.cpu_count()} cores | fresh | no-op |\n|---|---|---|")
    for phase in (each for each in ORDER if each in fresh["phases"]):
        print(f"| {phase} | {fresh['phases'][phase]:.1f} s | |")
    for key, unit, scale in (
        ("seconds", "s", 1), ("execs", "SSH commands", 1),
        ("bytes_out", "kB sent", 1000), ("bytes_in", "kB received", 1000),
    ):  # fmt: skip
        digits = 1 if key == "seconds" else 0
        cells = [f"{figures[key] / scale:.{digits}f} {unit}" for figures in (fresh, again)]
        print(f"| **{key.replace('_', ' ')}** | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    main()
