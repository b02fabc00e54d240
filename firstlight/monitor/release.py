"""All that Prometheus and the blackbox exporter of a monitor go by: one folder, replaced whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from firstlight import site as sites
from firstlight.monitor import blackbox, scrape
from firstlight.monitor.certificates import monitor_leaf
from firstlight.monitor.targets import GpuClass
from firstlight.secret import Secret, revealed
from firstlight.secrets.needed import REMOTE_PASSWORD
from firstlight.secrets.resolved import resolved
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings

BASE = "/etc/prometheus/firstlight"
RELEASES = f"{BASE}/releases"
CURRENT = f"{BASE}/current"
"""A link to the release that is loaded. Paths through it stay: a rule whose file had another one
would be a new rule to Prometheus, and forget for how long its alert has been pending."""
OWN = "own-"
"""What the names of the user's own rule files begin with."""
Texts = dict[str, str | Secret]


@dataclass(frozen=True)
class MonitorRelease:
    """The files of one release by name, and the name that they give it."""

    name: str
    files: Mapping[str, str | Secret] = field(repr=False)

    @property
    def folder(self) -> str:
        """Its folder on the monitor."""
        return f"{RELEASES}/{self.name}"

    @property
    def digest(self) -> str:
        """SHA-256 of its files, one after the other in the order of their names."""
        texts = (revealed(self.files[name]) for name in sorted(self.files))
        return hashlib.sha256("".join(texts).encode()).hexdigest()


def release_of(
    monitor: HostSettings,
    site: Site,
    rules: Mapping[str, str],
    classes: Mapping[str, GpuClass] | None = None,
) -> MonitorRelease:
    """Return what ``monitor`` shall go by; ``rules`` are firstlight's own rule files by name.

    Raises :class:`FirstlightError` where a secret or a file that the settings name cannot be had.
    """
    probes = list(blackbox.probes(monitor, site))
    files: Texts = {**_rules(monitor, rules), **_certificates(monitor), **_remote(monitor)}
    files |= {name: path.read_text() for name, path in blackbox.authorities(probes).items()}
    if probes:
        files[blackbox.KEY] = sites.probe_key(monitor)
    names = [name.removeprefix("rules/") for name in files if name.startswith("rules/")]

    def configured(name: str) -> Texts:
        document = scrape.document(monitor, site, name, rules=names, probes=probes, classes=classes)
        return {
            **files,
            "prometheus.yml": scrape.text(document),
            "blackbox.yml": blackbox.config(probes, CURRENT, name),
            "web.yml": blackbox.web(),
        }

    # With private keys of 256 bits in it, the name says nothing of what it is made of.
    name = MonitorRelease("", configured("")).digest[:16]
    return MonitorRelease(name, configured(name))


def _rules(monitor: HostSettings, rules: Mapping[str, str]) -> Texts:
    own = monitor.monitor.prometheus
    if own.mode == "agent":
        return {}
    found: Texts = {f"rules/{name}": text for name, text in sorted(rules.items())}
    return found | {f"rules/{OWN}{path.name}": path.read_text() for path in own.rules}


def _certificates(monitor: HostSettings) -> Texts:
    """What the monitor shows to the hosts that it watches, and its blackbox exporter to it."""
    shown, gate = monitor_leaf(monitor), sites.gate_leaf(monitor)
    return {
        "ca.crt": sites.authority(monitor).pem,
        "monitor.crt": shown.cert_pem,
        "monitor.key": shown.key,
        "gate.crt": gate.cert_pem,
        "gate.key": gate.key,
    }


def _remote(monitor: HostSettings) -> Texts:
    found: Texts = {}
    for place, to in enumerate(monitor.monitor.prometheus.remote_write):
        if to.password is not None:
            found[f"remote-{place}.password"] = resolved(to.password, REMOTE_PASSWORD)
        if to.ca is not None:
            found[f"remote-{place}.crt"] = to.ca.read_text()
    return found
