"""prometheus.yml: what a monitor reads how often, whom it tells, and where it sends it on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from firstlight.monitor import blackbox
from firstlight.monitor.blackbox import MARK, Probe
from firstlight.monitor.dcgm import declared_class
from firstlight.monitor.targets import GpuClass, Target, targets
from firstlight.rendering import MANAGED
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.prometheus import RemoteWrite
from firstlight.site import GATE_NAME

PORT = 9090
ALERTMANAGER_PORT = 9093
JOBS = ("node", "gpu", "edge", "engine")
"""Jobs that are read at the telemetry ports of hosts."""
SCRAPE_SECONDS = 10
"""How long one page may take."""
SAMPLES = 50_000
"""Most samples of one page: what shows more has gone wrong, and must not fill the memory."""
PAGE_BYTES = "32MB"
_CLIENT = {"ca_file": "ca.crt", "cert_file": "monitor.crt", "key_file": "monitor.key"}
TLS = {**_CLIENT, "server_name": GATE_NAME}
"""What a monitor shows at telemetry ports, and whom it believes; files beside prometheus.yml."""


def document(
    monitor: HostSettings,
    site: Site,
    release: str,
    *,
    rules: Iterable[str],
    probes: Sequence[Probe],
    classes: Mapping[str, GpuClass] | None = None,
) -> dict[str, Any]:
    """Return the configuration of the Prometheus on ``monitor``.

    ``rules`` are the names of rule files, ``release`` names the whole of what is configured.
    An agent has neither rules nor anybody to alert: it sends everything on.
    """
    own, interval = monitor.monitor.prometheus, monitor.monitor.interval
    timeout = min(SCRAPE_SECONDS, interval)
    found: dict[str, Any] = {
        "global": {
            "scrape_interval": f"{interval}s",
            "scrape_timeout": f"{timeout}s",
            "evaluation_interval": f"{interval}s",
            "external_labels": {**own.labels, "site": monitor.site, "monitor": monitor.name},
        }
    }
    if own.mode == "server":
        found["rule_files"] = [f"rules/{name}" for name in rules]
        alertmanager = {"targets": [f"127.0.0.1:{ALERTMANAGER_PORT}"]}
        found["alerting"] = {"alertmanagers": [{"static_configs": [alertmanager]}]}
    jobs = [*_doors(list(targets(monitor, site, classes))), *_own(monitor, release)]
    if probes:
        jobs.append(_public(monitor, site, probes, classes))
    found["scrape_configs"] = jobs
    if own.remote_write:
        found["remote_write"] = [_remote(place, to) for place, to in enumerate(own.remote_write)]
    return found


def text(document: Mapping[str, Any]) -> str:
    """Return ``document`` as prometheus.yml."""
    return f"# {MANAGED}\n" + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    """Without anchors: whoever reads the file should find each job whole."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _doors(found: list[Target]) -> list[dict[str, Any]]:
    jobs = []
    for name in JOBS:
        static = [target.static for target in found if target.job == name]
        if not static:
            continue
        job: dict[str, Any] = {
            "job_name": name,
            "scheme": "https",
            "tls_config": TLS,
            "sample_limit": SAMPLES,
            "body_size_limit": PAGE_BYTES,
            "static_configs": static,
        }
        if name == "gpu":
            # It is written in two ways, names the container, and `instance` says it.
            drop = {"regex": "[Hh]ostname", "action": "labeldrop"}
            job["metric_relabel_configs"] = [drop]
        jobs.append(job)
    return jobs


def _own(monitor: HostSettings, release: str) -> list[dict[str, Any]]:
    """What runs on the monitor itself, on its loopback address."""
    labels = {"instance": monitor.name, "gpu_class": declared_class(monitor)}
    ports = {"prometheus": PORT, "alertmanager": ALERTMANAGER_PORT}
    if monitor.monitor.prometheus.mode == "agent":
        del ports["alertmanager"]
    jobs: list[dict[str, Any]] = [
        {
            "job_name": name,
            "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": labels}],
        }
        for name, port in ports.items()
    ]
    # Says nothing to Prometheus, and to a reader of its loaded configuration which one it is.
    jobs[0]["params"] = {"release": [f"{MARK}{release}"]}
    return jobs


def _public(
    monitor: HostSettings,
    site: Site,
    probes: Sequence[Probe],
    classes: Mapping[str, GpuClass] | None,
) -> dict[str, Any]:
    """The first token of every model, through the public URL."""
    interval = monitor.monitor.prometheus.probe_interval
    static = [
        {
            "targets": [f"127.0.0.1:{blackbox.PORT}"],
            "labels": {
                "__param_target": probe.url,
                "__param_module": probe.module,
                "instance": probe.edge,
                "gpu_class": (classes or {}).get(probe.edge) or declared_class(site[probe.edge]),
                "model": probe.model,
            },
        }
        for probe in probes
    ]
    return {
        "job_name": "public",
        "metrics_path": "/probe",
        "scheme": "https",
        "scrape_interval": f"{interval}s",
        "scrape_timeout": f"{min(blackbox.TIMEOUT_SECONDS, interval)}s",
        "tls_config": TLS,
        "static_configs": static,
    }


def _remote(place: int, to: RemoteWrite) -> dict[str, Any]:
    found: dict[str, Any] = {"url": to.url}
    if to.username:
        password = {"password_file": f"remote-{place}.password"} if to.password else {}
        found["basic_auth"] = {"username": to.username, **password}
    if to.ca is not None:
        found["tls_config"] = {"ca_file": f"remote-{place}.crt"}
    return found
