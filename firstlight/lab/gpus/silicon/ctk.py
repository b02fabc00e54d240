"""SIMULATED nvidia-ctk: writes real CDI specifications for the SIMULATED devices, and lists them."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import cdi, nodes

OUTPUT = "NVIDIA_CTK_CDI_OUTPUT_FILE_PATH"


def main(words: list[str]) -> int:
    """`--version`, `cdi generate`, `cdi list`, `system create-dev-char-symlinks`; the exit code."""
    if words[:1] in (["--version"], ["-v"]):
        print(f"NVIDIA Container Toolkit CLI version {os.environ['CTK_VERSION']} (SIMULATED)")
        return 0
    verb, rest = words[:2], words[2:]
    if verb == ["cdi", "generate"]:
        return generate(rest)
    if verb == ["cdi", "list"]:
        return show(rest)
    if verb == ["system", "create-dev-char-symlinks"]:
        for link in nodes.char_links():
            log(f"Creating link {link}")
        return 0
    log(f"SIMULATED nvidia-ctk does not know: {' '.join(words)}", "error")
    return 1


def log(text: str, level: str = "info") -> None:
    """As the real program does, on stderr."""
    print(f'level={level} msg="{text}"', file=sys.stderr)


def generate(words: list[str]) -> int:
    """Write the specification of what nvidia-smi lists now; nothing where it fails."""
    known = argparse.ArgumentParser("nvidia-ctk cdi generate", exit_on_error=False)
    known.add_argument("--output", default=os.environ.get(OUTPUT, ""))
    known.add_argument("--format", choices=["yaml", "json"], default="")
    chosen = known.parse_args(words)
    asked = subprocess.run(
        ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=False
    )
    if asked.returncode:
        why = " ".join((asked.stdout + asked.stderr).split())
        log(f"failed to generate CDI spec: failed to initialize NVML: {why}", "error")
        return 1
    specification = cdi.specification(cdi.gpus_listed(asked.stdout))
    form = chosen.format or ("json" if chosen.output.endswith(".json") else "yaml")
    text = json.dumps(specification, indent=2) + "\n" if form == "json" else cdi.yaml(specification)
    if not chosen.output:
        print(text, end="")
        return 0
    target = Path(chosen.output)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(target)
    log(f"Generated CDI spec with version {specification['cdiVersion']}")
    return 0


def show(words: list[str]) -> int:
    """List every device of the specifications in the usual folders (or ``--spec-dir``)."""
    known = argparse.ArgumentParser("nvidia-ctk cdi list", exit_on_error=False)
    known.add_argument("--spec-dir", action="append", default=[])
    folders = known.parse_args(words).spec_dir or ["/etc/cdi", "/var/run/cdi"]
    names: dict[str, Any] = {}
    for folder in folders:
        for path in sorted(Path(folder).glob("*.[jy][sa][om]*")):
            names |= dict.fromkeys(cdi.names(path.read_text(encoding="utf-8")))
    log(f"Found {len(names)} CDI devices")
    for name in sorted(names):
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
