"""The proof that strangers with a key get an answer, asked for again and again by a monitor.

One module of the blackbox exporter for each model behind each edge: it posts a chat completion
through the public URL, with firstlight's own key, and is content with nothing less than a token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from firstlight import site as sites
from firstlight.edge import pools, routes
from firstlight.engines.placement import placed
from firstlight.monitor.targets import LOOPBACK, authority
from firstlight.ready import PIECES, Endpoint
from firstlight.rendering import MANAGED
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.log_streams import slug
from firstlight.settings.watched import watches

PORT = 9115
"""Loopback port of the blackbox exporter: its own default."""
KEY = "probe.key"
_WORDS = "|".join(PIECES)
TOKEN = rf'"(?:{_WORDS})"\s*:\s*"(?:[^"\\]|\\.)'
"""A piece of text that is not empty, in a streamed chunk: what ``firstlight.ready`` waits for."""
ERROR = r'[{,]\s*"error"\s*:\s*[^n\s]'
"""An error inside of a stream that began with 200; in a model's own text its quotes are escaped."""
MARK = "firstlight-release-"
"""What the loaded configuration is known by: this, and the name of its release."""
TIMEOUT_SECONDS = 30
"""How long a probe waits for a whole answer. Who waits longer has left."""


@dataclass(frozen=True)
class Probe:
    """One model behind the edge of host ``edge``: its ``path`` there, and what it is asked.

    ``ca`` is the file on the control machine that its certificate is checked with; None: what
    the monitor's system trusts.
    """

    edge: str
    model: str
    endpoint: Endpoint
    path: str
    prompt: str
    max_tokens: int

    @property
    def module(self) -> str:
        """Name of its module in the blackbox exporter's configuration."""
        return f"{self.edge}/{self.model}"

    @property
    def url(self) -> str:
        """Where the request goes: to the host's address, whatever its name resolves to."""
        where = self.endpoint.address or self.endpoint.domain
        return f"https://{authority(where, self.endpoint.port)}{self.path}"

    @property
    def ca_file(self) -> str:
        """Name of the file in a release with the CA of its edge; empty: the system's."""
        return f"edge-{slug(self.edge)}.crt" if self.endpoint.ca else ""


def probes(monitor: HostSettings, site: Site) -> Iterator[Probe]:
    """Yield the models that ``monitor`` asks for a token, behind all edges that it watches."""
    for edge in watches(monitor, site):
        if not edge.edge.enabled:
            continue
        own, endpoint = placed(edge, site, None), sites.endpoint(edge)
        if edge.name == monitor.name:
            endpoint = replace(endpoint, address=LOOPBACK)
        for each in pools.publics(edge, own, site):
            yield Probe(
                edge.name,
                each.name,
                endpoint,
                routes.prefix(each) + each.first_token,
                edge.ready.prompt,
                edge.ready.max_tokens,
            )


def module(probe: Probe, folder: str) -> dict[str, object]:
    """Return the blackbox module of ``probe``, whose files lie in ``folder``."""
    body = {
        "model": probe.model,
        "messages": [{"role": "user", "content": probe.prompt}],
        "max_tokens": probe.max_tokens,
        "temperature": 0,
        "stream": True,
    }
    endpoint = probe.endpoint
    tls = {"server_name": endpoint.domain}
    if probe.ca_file:
        tls["ca_file"] = f"{folder}/{probe.ca_file}"
    http = {
        "method": "POST",
        "headers": {
            "Host": endpoint.url.removeprefix("https://"),
            "Content-Type": "application/json",
        },
        "body": json.dumps(body),
        "authorization": {"type": "Bearer", "credentials_file": f"{folder}/{KEY}"},
        "tls_config": tls,
        "valid_status_codes": [200],
        # The key is for the edge alone, wherever that would send it.
        "follow_redirects": False,
        "fail_if_not_ssl": True,
        "fail_if_body_matches_regexp": [ERROR],
        "fail_if_body_not_matches_regexp": [TOKEN],
        "preferred_ip_protocol": "ip4",
    }
    return {"prober": "http", "timeout": f"{TIMEOUT_SECONDS}s", "http": http}


def config(found: list[Probe], folder: str, release: str) -> str:
    """Return blackbox.yml: a module for each probe, and one that only names the ``release``."""
    modules = {probe.module: module(probe, folder) for probe in found}
    modules[f"{MARK}{release}"] = {"prober": "tcp"}
    return f"# {MANAGED}\n" + yaml.safe_dump({"modules": modules}, sort_keys=False, width=1000)


def web() -> str:
    """Return web.yml: who may have the exporter ask with the key.

    It sends the key to whatever URL it is given: without this any account of the host could have
    it sent to itself. Prometheus shows the certificate that it shows to the hosts it watches.
    """
    tls = {
        "cert_file": "gate.crt",
        "key_file": "gate.key",
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_ca_file": "ca.crt",
        "min_version": "TLS13",
    }
    return f"# {MANAGED}\n" + yaml.safe_dump({"tls_server_config": tls}, sort_keys=False)


def authorities(found: list[Probe]) -> dict[str, Path]:
    """Return the files with the CAs of edges on the control machine, by their name in a release."""
    return {each.ca_file: each.endpoint.ca for each in found if each.endpoint.ca is not None}
