"""Programs and files that stand for an operator's own, on the control machine of a test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from firstlight.settings.secret_source import SecretSource

WHAT = "the hub's token"
TOKEN = "hf_" + "Canary0123456789abcdefghijklmnop"

# SIMULATED sops: knows one identity and one key, as sops 3.11 does on its command line.
SOPS = """#!/bin/sh
# SIMULATED: no real sops
[ "$1 $2" = "--decrypt --extract" ] || exit 9
grep -q right "${SOPS_AGE_KEY_FILE:-/dev/null}" || {
  echo "Failed to get the data key required to decrypt the SOPS file." >&2; exit 128; }
case $3 in
  '["hub"]["token"]') printf %s "$TEST_VALUE" ;;
  '["list"][1]') printf second ;;
  *) exit 9 ;;
esac
"""
ENCRYPTED = """
hub: {token: "ENC[AES256_GCM,data:x,type:str]", tokens: "ENC[x]", open_unencrypted: plain}
list: ["ENC[x]", "ENC[y]"]
sops: {version: 3.11.0}
"""


def source(value: Any, root: Path | None = None) -> SecretSource:
    return SecretSource.model_validate(value, context={"root": root or Path.cwd()})


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    return private(folder / name, text, 0o755)


def printing(text: str) -> dict[str, Any]:
    """A source: the command that prints ``text`` by printf, so that the words show no value."""
    return {"command": ["sh", "-c", f"printf '{text}'"]}


def age_files(folder: Path) -> tuple[Path, Path, Path]:
    """A token encrypted with real age, its identity and another's; skipped without age."""
    if shutil.which("age") is None:
        pytest.skip("age is not installed")
    keys = []
    for name in ("key.txt", "other.txt"):
        made = subprocess.run(
            ["age-keygen", "-o", folder / name], capture_output=True, text=True, check=True
        )
        keys.append(made.stderr.split()[-1])
    words = ["age", "--recipient", keys[0], "--output", folder / "hub.age"]
    subprocess.run(words, input=TOKEN.encode() + b"\n", check=True)
    return folder / "hub.age", folder / "key.txt", folder / "other.txt"
