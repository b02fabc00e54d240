"""What nginx of the current host is to answer for, put together from settings and site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from firstlight import adapter, site
from firstlight.catalogue import System
from firstlight.edge import backend, jwt, limits, measure, mutual, people, tls
from firstlight.edge.fresh import FreshRelease
from firstlight.edge.pools import Public, publics
from firstlight.edge.release import Content, Fragments, Release, release
from firstlight.engines.instance import Instance
from firstlight.facts.probe import Probe
from firstlight.keys import Keyring
from firstlight.monitor import shown
from firstlight.secret import Secret
from firstlight.settings import HostSettings
from firstlight.settings.check_edges import GATE_OFFSET
from firstlight.settings.fronts import fronts

SOON = timedelta(days=21)
# nginx knows "http2 on;" since this version; before it HTTP/2 is a word of "listen".
HTTP2_DIRECTIVE_SINCE = (1, 25, 1)


def nginx_release(
    settings: HostSettings,
    instances: tuple[Instance, ...],
    sites: Mapping[str, HostSettings],
    probe: Probe,
    system: System,
) -> tuple[FreshRelease | None, tuple[Public, ...]]:
    """Return what nginx serves on the host, if anything, and the models behind its public door.

    ``instances`` are those of the host, ``sites`` all hosts of the inventory.
    """
    public = publics(settings, instances, sites) if settings.edge.enabled else ()
    gated = instances if fronts(settings, sites) else ()
    names = ", ".join(model.name for model in settings.models)
    if names and not public and not gated:
        adapter.say(f"{settings.name}: WARNING: no edge of the inventory offers {names}")
    if not public and not gated and not shown.ports(settings, sites):
        return None, ()
    # The engines of this run are given what was read for its plan: nginx shows them just that.
    secret = site.backend_secret(settings) if settings.models else None

    def made() -> Release:
        # Read anew each time: keys and certificates may change while a run goes on.
        keyring = site.keyring(settings) if public else None
        parts = (
            *fragments(settings, public, gated, probe, system, keyring=keyring, secret=secret),
            *shown.fragments(
                settings,
                instances,
                sites,
                edge=bool(public),
                ipv6=probe.ipv6,
                system=system,
            ),
        )
        return release(
            Content(
                settings,
                public,
                gated,
                visitors=tuple(visitors(settings, sites)) if gated else (),
                ipv6=probe.ipv6,
                http2_directive=http2_directive(system),
                map_size=limits.map_size(keyring) if keyring is not None else 2048,
                fragments=parts,
            )
        )

    for line in (*unknown(settings, public), *ending(settings, public)):
        adapter.say(f"{settings.name}: WARNING: {line}")
    return FreshRelease(made), public


def http2_directive(system: System) -> bool:
    """Tell whether nginx of the system knows HTTP/2 as a directive of its own."""
    version = tuple(int(part) for part in system.nginx_version.split(".")[:3])
    return version >= HTTP2_DIRECTIVE_SINCE


def unknown(settings: HostSettings, public: tuple[Public, ...]) -> list[str]:
    """Return what API keys may ask for and nobody serves: most likely a name that is mistyped."""
    if not public:
        return []
    names = [name for each in public for name in (each.name, *each.adapters)]
    return limits.unknown_models(site.keyring(settings), names)


def ending(settings: HostSettings, public: tuple[Public, ...]) -> list[str]:
    """Return that a certificate which nobody but the operator renews ends soon."""
    leaf = site.certificate(settings) if public and settings.edge.tls.mode == "files" else None
    if leaf is None or leaf.not_after - datetime.now(UTC) > SOON:
        return []
    return [f"{settings.edge.tls.certificate} ends on {leaf.not_after:%Y-%m-%d}"]


def known(keyring: Keyring, settings: HostSettings) -> dict[str, str | Secret]:
    """Return what the host knows of API keys: digests, the salt under which they are taken."""
    jwt_class = settings.edge.jwt.klass if settings.edge.jwt else None
    salt = Secret(f"export default '{keyring.salt.reveal()}';\n")
    return {**limits.files(keyring, settings, jwt_class), "salt.js": salt}


def visitors(settings: HostSettings, sites: Mapping[str, HostSettings]) -> Iterator[str]:
    """Yield the fingerprints of the certificates of the edges that offer this host's models."""
    for edge in fronts(settings, sites):
        leaf = x509.load_pem_x509_certificate(site.visitor_leaf(edge).cert_pem.encode())
        # nginx knows SHA-1 only; whoever has another certificate with it would need the CA's key.
        yield leaf.fingerprint(hashes.SHA1()).hex()


def nginx_ports(
    settings: HostSettings, sites: Mapping[str, HostSettings]
) -> tuple[tuple[str, int], ...]:
    """Return the ports that nginx serves for other hosts and for people, each with its reason."""
    gates = [("the gate of an engine", port) for port in gate_ports(settings, sites)]
    return (*gates, *shown.ports(settings, sites).items())


def gate_ports(settings: HostSettings, sites: Mapping[str, HostSettings]) -> tuple[int, ...]:
    """Return the ports at which other hosts' edges reach the engines of this one."""
    if not fronts(settings, sites):
        return ()
    return tuple(
        model.port + copy + GATE_OFFSET
        for model in settings.models
        for copy in range(model.replicas)
    )


def fragments(
    settings: HostSettings,
    public: tuple[Public, ...],
    gated: tuple[Instance, ...],
    probe: Probe,
    system: System,
    *,
    keyring: Keyring | None,
    secret: Secret | None,
) -> list[Fragments]:
    """Return the parts of the host's release: gates, TLS, keys, log, identity."""
    ca = site.authority(settings).pem
    found: list[Fragments] = []
    if secret is not None:
        found.append(lambda _: backend.files(secret))
    if gated:
        gate = mutual.gate_files(ca, site.gate_leaf(settings))
        found.append(lambda _: gate)
    if any(peer.address for each in public for pool in each.pools for peer in pool.peers):
        leaf, name = site.visitor_leaf(settings), site.GATE_NAME
        found.append(lambda folder: mutual.visitor_files(ca, leaf, name, folder))
    if keyring is not None:
        certificate = site.certificate(settings)
        found += [
            lambda folder: tls.files(
                settings,
                certificate,
                openssl=system.openssl,
                folder=folder,
                ipv6=probe.ipv6,
            ),
            lambda _: known(keyring, settings),
            measure.files,
            lambda folder: jwt.files(settings, folder),
            lambda folder: people.files(settings, folder),
        ]
    return found
