"""Ready: the proof, from the control machine, that a stranger with a key gets an answer.

Owns /var/lib/firstlight/receipt.json. A run is a success when this role is: nothing before it
says that the host serves.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from pyinfra.api.deploy import deploy

import firstlight
from firstlight import receipt, site
from firstlight.catalogue import System
from firstlight.edge import routes
from firstlight.edge.fresh import FreshRelease
from firstlight.edge.pools import Public
from firstlight.operations import ready as operations
from firstlight.phases import PhaseClock, as_line
from firstlight.ready import FirstLight, first_light
from firstlight.settings import HostSettings
from firstlight.transport import traffic_to
from roles.owned import Owned

OWNS = Owned(files=(receipt.PATH,))


def serves(
    settings: HostSettings, publics: Sequence[Public], release: FreshRelease
) -> dict[str, Any]:
    """Return what serves on the host, as the receipt says it: no secret, no time."""
    return {
        "firstlight": firstlight.__version__,
        "site": settings.site,
        "url": f"{site.endpoint(settings).url}/v1",
        "edge": {"release": release.last.name},
        "models": [entry(public) for public in publics],
    }


def entry(public: Public) -> dict[str, Any]:
    """Return one model as the receipt says it: where it comes from, which copies answer."""
    peers = [peer for pool in public.pools for peer in pool.peers]
    model = peers[0].instance.model
    return {
        "name": public.name,
        "engine": model.engine,
        "image": model.image,
        "weights": model.weights,
        "context": model.context,
        "instances": [peer.name for peer in peers],
    }


def look(settings: HostSettings, publics: Sequence[Public]) -> list[FirstLight]:
    """Stream a completion from every model, as a client would. Raises FirstlightError."""
    key = site.probe_key(settings)
    return [
        first_light(
            site.endpoint(settings),
            key,
            each.name,
            path=routes.prefix(each) + each.first_token,
            prompt=settings.ready.prompt,
            max_tokens=settings.ready.max_tokens,
            timeout=settings.ready.timeout,
        )
        for each in publics
    ]


def report(settings: HostSettings, found: dict[str, Any], lights: list[FirstLight]) -> str:
    """Return the lines that end a run: the URL, a curl line, the receipt, the phases."""
    key = site.probe_key(settings)
    lines = [f"    first light on {settings.name}"]
    for light in lights:
        seen = f"first token after {light.first_token * 1000:.0f} ms"
        lines.append(f"      {light.model}: {seen}: {light.text.strip()[:60]!r}")
    lines += [
        f"      URL      {found['url']}",
        f"      try      {site.curl_line(settings, key, lights[0].model)}",
        f"      receipt  {receipt.PATH} on {settings.name}",
        f"      phases   {as_line(found.get('phases', {}))}",
        f"      in all   {found.get('seconds', 0.0):.1f} s from the command to the first token"
        f" (the run of {found.get('finished', 'now')})",
    ]
    return "\n".join(lines)


@deploy("Ready")
def ready(
    settings: HostSettings,
    publics: Sequence[Public],
    system: System,
    release: FreshRelease,
    clock: PhaseClock,
) -> None:
    """See the first token through the public URL and keep the receipt."""

    told = serves(settings, publics, release)

    def serving() -> dict[str, Any]:
        # Its name is that of the keys as they were when it was switched to.
        return {**told, "edge": {"release": release.last.name}}

    def timing(looked: float) -> dict[str, Any]:
        # This operation's own time is not counted yet: it has not ended.
        clock.add(settings.name, "Ready | See the first token", looked)
        traffic = traffic_to(settings.address or str(settings.domain))
        return {
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "phases": clock.seconds(settings.name),
            "seconds": clock.total(),
            "ssh": {
                "execs": traffic.execs,
                "bytes_out": traffic.bytes_out,
                "bytes_in": traffic.bytes_in,
            },
        }

    operations.first_token(
        name="See the first token",
        serves=serving,
        packages=(*system.docker_packages, *system.upstream_packages, *system.nginx_packages),
        look=lambda: look(settings, publics),
        timing=timing,
        report=lambda found, lights: report(settings, found, lights),
    )
