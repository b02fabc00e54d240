"""The images of the containers that run on a host, and whether they can be had."""

from __future__ import annotations

from collections.abc import Mapping

from firstlight import registry
from firstlight.facts.probe import Probe
from firstlight.settings import HostSettings
from firstlight.settings.fronts import Site
from firstlight.settings.watched import has_dashboards, measures_gpus


def images_of(settings: HostSettings, sites: Site) -> dict[str, str]:
    """Return the images of models and of what observes, by the setting that names them."""
    found = {f"models[{place}].image": each.image for place, each in enumerate(settings.models)}
    monitor = settings.monitor
    if monitor.gpus.image and measures_gpus(settings, sites):
        found["monitor.gpus.image"] = monitor.gpus.image
    if monitor.grafana.image and has_dashboards(settings, sites):
        found["monitor.grafana.image"] = monitor.grafana.image
    return found


def require_images(settings: HostSettings, images: Mapping[str, str], probe: Probe) -> None:
    """Raise for an image that the host lacks and its registry does not have."""
    for where, image in images.items():
        if image not in probe.images:
            name = registry.split(image)[0]
            entry = settings.docker.registries.get(name)
            registry.require(image, entry.ca if entry else None, f"{settings.name}: {where}")
