"""What an engine's container is, as a text to compare with one of ``expected/``.

UPDATE_EXPECTED=1 writes the texts anew, for a look at what git says has changed.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from firstlight.engines import engine_of
from firstlight.engines.instance import Instance
from firstlight.secret import revealed

EXPECTED = Path(__file__).parent / "expected"


def shown(instance: Instance) -> str:
    """Return all that its engine says of ``instance``, one thing a line."""
    engine = engine_of(instance.model)
    made = engine.container(instance)
    lines = [f"instance {instance.name} on GPUs {', '.join(instance.gpus) or 'none'}"]
    lines += [f"entrypoint {made.entrypoint or 'of the image'}, user {made.user}"]
    lines += [f"network {made.network}, port {made.port}"]
    lines += ["command", *options(made.command)]
    lines += ["environment", *(f"  {k}={v}" for k, v in sorted(made.environment.items()))]
    for name in ("tmpfs", "volumes", "ulimits"):
        lines += [f"{name} {value}" for value in getattr(made, name)]
    if made.config is not None:
        lines += [
            f"config {made.config_path}",
            *(f"  {x}" for x in revealed(made.config).splitlines()),
        ]
    if request := engine.preload(instance):
        lines.append(f"preload POST {request.path} {json.dumps(request.body)}")
    lines += [f"check {json.dumps(asdict(check))}" for check in engine.checks(instance)]
    return "\n".join(lines) + "\n"


def options(words: tuple[str, ...]) -> list[str]:
    """Return the words of a command line, one option with its values a line."""
    lines: list[str] = []
    for word in words:
        if word.startswith("--") or not lines:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return lines


def expect(name: str, instances: tuple[Instance, ...]) -> None:
    """Compare what ``instances`` are with the expected text called ``name``."""
    found = "\n".join(shown(instance) for instance in instances)
    path = EXPECTED / f"{name}.txt"
    if os.environ.get("UPDATE_EXPECTED"):
        path.write_text(found)
    assert path.exists(), f"{path} is missing: run once with UPDATE_EXPECTED=1"
    assert found == path.read_text()
