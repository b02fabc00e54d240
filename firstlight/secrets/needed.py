"""The secrets that a host's settings name: which, from where, and for what part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from firstlight.errors import FirstlightError
from firstlight.secrets.resolved import Shape, resolved

if TYPE_CHECKING:
    from firstlight.settings.host import HostSettings
    from firstlight.settings.secret_source import SecretSource

Part = Literal["weights", "edge", "alerts", "monitor"]
TLS_KEY = "edge.tls.key"
HUB_TOKEN, CLIENT_SECRET = "the hub's token", "the client's secret at the provider"
PRIVATE_KEY = "the certificate's private key"
REMOTE_PASSWORD = "the password for remote_write"
RECEIVER_SECRETS = {
    "url": "URL",
    "secret_url": "URL",
    "token": "token",
    "password": "password",
    "key": "integration key",
}
"""Fields of a receiver that can be secrets, and what each is called."""


@dataclass(frozen=True)
class Needed:
    """One secret: the setting (``key``), its source, its name in a sentence (``what``).

    ``on_host``: whether a systemd credential of the host will do, which what reads it can load.
    """

    part: Part
    key: str
    source: SecretSource
    what: str
    shape: Shape = "word"
    on_host: bool = False


def needed(settings: HostSettings) -> Iterator[Needed]:
    """Every secret that an operator brings for this host."""
    for index, model in enumerate(settings.models):
        if model.hub_token is not None:
            key = f"models[{index}].hub_token"
            yield Needed("weights", key, model.hub_token, HUB_TOKEN, on_host=True)
    if settings.edge.enabled:
        yield from _of_edge(settings)
    if settings.monitor.enabled:
        yield from _of_alerts(settings)
        yield from _of_prometheus(settings)


def _of_edge(settings: HostSettings) -> Iterator[Needed]:
    people, tls = settings.edge.people, settings.edge.tls
    if tls.mode == "files" and tls.key is not None:
        yield Needed("edge", TLS_KEY, tls.key, PRIVATE_KEY, "text")
    if tls.mode == "acme" and tls.acme.challenge == "dns-01":
        for name, source in tls.acme.dns_credentials.items():
            key = f'edge.tls.acme.dns_credentials["{name}"]'
            yield Needed("edge", key, source, dns_credential(name), "text", on_host=True)
    if people is not None:
        yield Needed("edge", "edge.people.client_secret", people.client_secret, CLIENT_SECRET)


def _of_alerts(settings: HostSettings) -> Iterator[Needed]:
    alerts, key = settings.monitor.alerts, "monitor.alerts"
    for name, receiver in alerts.receivers.items():
        for field, source in of_target(receiver.target):
            place = f'{key}.receivers["{name}"].{receiver.kind}.{field}'
            yield Needed("alerts", place, source, receiver_secret(name, field))
    if alerts.watchdog is not None:
        for field, source in of_target(alerts.watchdog):
            yield Needed(
                "alerts", f"{key}.watchdog.{field}", source, receiver_secret("watchdog", field)
            )


def of_target(target: BaseModel) -> Iterator[tuple[str, SecretSource]]:
    """Yield the fields of a receiver that name a secret, with its source."""
    for field in RECEIVER_SECRETS:
        source = getattr(target, field, None)
        if isinstance(source, BaseModel):  # of a webhook the URL may be plain
            yield field, source  # type: ignore[misc]


def receiver_secret(name: str, field: str) -> str:
    """Return what the secret in ``field`` of the receiver ``name`` is called in a sentence."""
    return f"the {RECEIVER_SECRETS[field]} of the alerts' receiver {name}"


def _of_prometheus(settings: HostSettings) -> Iterator[Needed]:
    for index, to in enumerate(settings.monitor.prometheus.remote_write):
        if to.password is not None:
            key = f"monitor.prometheus.remote_write[{index}].password"
            yield Needed("monitor", key, to.password, REMOTE_PASSWORD)


def dns_credential(name: str) -> str:
    """Return what the DNS provider's variable ``name`` is called in a sentence."""
    return f"the DNS provider's {name}"


def credentials(settings: HostSettings, parts: Iterable[Part]) -> tuple[str, ...]:
    """Return the names of the systemd credentials that these ``parts`` find on the host."""
    wanted = set(parts)
    names = (each.source.credential for each in needed(settings) if each.part in wanted)
    return tuple(sorted({name for name in names if name is not None}))


def had(settings: HostSettings, parts: Iterable[Part]) -> list[FirstlightError]:
    """Have every secret of these ``parts`` from its source, and return why some cannot be had.

    Asked before a run's first change: what uses them later finds them in memory.
    """
    found = []
    wanted = set(parts)
    for each in needed(settings):
        if each.part in wanted and not each.source.on_host:
            try:
                resolved(each.source, each.what, each.shape)
            except FirstlightError as error:
                where = f"{settings.name}: {each.key} ({error.where})"
                found.append(FirstlightError(error.what, where=where, why=error.why, fix=error.fix))
    return found
