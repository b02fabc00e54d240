"""The lab's services and engine images, as `up` wants them for its hosts."""

from __future__ import annotations

import time
from collections.abc import Sequence

from firstlight.lab.exclusive import Say
from firstlight.lab.gpus import hardware
from firstlight.lab.state import Rack


def up(
    rack: Rack,
    everything: bool,
    engines: str | Sequence[str],
    say: Say,
    *,
    acme: bool = False,
    guard: bool = False,
    gpu_exporter: bool = False,
    grafana: bool = False,
) -> None:
    """Start what the lab needs: ``everything``, or the archive for hosts with GPUs alone.

    ``acme`` and the images of ``guard``, ``gpu_exporter`` and ``grafana`` are asked for by name.
    """
    archive_up(rack, say)
    if everything:
        _registry_and_hub_up(rack, [engines] if isinstance(engines, str) else engines, say)
    if acme:
        acme_up(rack, say)
    if guard:
        guard_image_up(rack, say)
    if gpu_exporter:
        gpu_exporter_image_up(rack, say)
    if grafana:
        grafana_image_up(rack, say)


def acme_up(rack: Rack, say: Say) -> None:
    """Start the ACME server; it is there for those who ask for it."""
    from firstlight.lab.services import acme

    began = time.monotonic()
    rack.extras["acme"] = acme.start(rack)
    say(f"ACME server up in {time.monotonic() - began:.1f} s")


def guard_image_up(rack: Rack, say: Say) -> None:
    """Have Presidio's image in the registry, which must run."""
    from firstlight.lab import images

    began = time.monotonic()
    rack.extras["guard"] = images.ensure_guard(rack)
    say(f"image of presidio ready in {time.monotonic() - began:.1f} s")


def gpu_exporter_image_up(rack: Rack, say: Say) -> None:
    """Have the SIMULATED DCGM exporter's image in the registry, which must run."""
    from firstlight.lab import images

    began = time.monotonic()
    rack.extras["gpu_exporter"] = images.ensure_gpu_exporter(rack)
    say(f"image of dcgm-exporter (SIMULATED) ready in {time.monotonic() - began:.1f} s")


def grafana_image_up(rack: Rack, say: Say) -> None:
    """Have the SIMULATED Grafana's image in the registry, which must run."""
    from firstlight.lab import images

    began = time.monotonic()
    rack.extras["grafana"] = images.ensure_grafana(rack)
    say(f"image of grafana (SIMULATED) ready in {time.monotonic() - began:.1f} s")


def archive_up(rack: Rack, say: Say) -> None:
    """Start the SIMULATED GPU vendor's archive if some host has GPUs."""
    from firstlight.lab.services import archive

    if any(entry.gpus != hardware.NONE for entry in rack.hosts.values()):
        rack.extras["archive"] = archive.start(rack, say)


def _registry_and_hub_up(rack: Rack, engines: Sequence[str], say: Say) -> None:
    # Imported here: hosts alone need neither a registry nor a model.
    from firstlight.lab import images
    from firstlight.lab import services as programs

    began = time.monotonic()
    rack.extras.update(programs.start(rack))
    say(f"lab services up in {time.monotonic() - began:.1f} s")
    for engine in engines:
        began = time.monotonic()
        reference = images.ensure(engine, rack)
        found = {
            "images": reference,
            "variants": images.ensure_variants(engine, rack),
            "tags": images.tagged(engine, reference, rack),
        }
        for kind, value in found.items():
            if value:
                rack.extras[kind] = {**(rack.extras.get(kind) or {}), engine: value}
        word = "" if engine in images.REAL else " (SIMULATED)"
        say(f"image of {engine}{word} ready in {time.monotonic() - began:.1f} s")
