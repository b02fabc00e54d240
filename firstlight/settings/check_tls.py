"""Contradictions in the settings of TLS, and the files they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from firstlight import chain
from firstlight.errors import FirstlightError
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import NOTHING, Problem
from firstlight.settings.tls import LETS_ENCRYPT, Acme, Tls
from firstlight.settings.value import is_ip

_STAGING_ROOT = "https://letsencrypt.org/certs/staging/letsencrypt-stg-root-x1.pem"
_PORTS = {"http-01": ("http_port", 80), "tls-alpn-01": ("port", 443)}


def tls_contradictions(host: HostSettings) -> Iterator[Problem]:
    """Every mistake in the TLS settings of ``host``; nothing where it has no edge."""
    if not host.edge.enabled or host.domain is None:
        return
    tls = host.edge.tls
    yield from _of_other_modes(host.name, tls)
    if tls.mode == "files":
        yield from _files(host, tls)
    elif tls.ca:
        yield from _certificate(host.name, "edge.tls.ca", tls.ca)
    if tls.mode == "acme":
        yield from _acme(host, tls)


def _of_other_modes(name: str, tls: Tls) -> Iterator[Problem]:
    for key, modes in (
        ("certificate", ("files",)),
        ("key", ("files",)),
        ("ca", ("files", "acme")),
        ("acme", ("acme",)),
    ):
        if key in tls.model_fields_set and getattr(tls, key) and tls.mode not in modes:
            expected = f"nothing, or edge.tls.mode {' or '.join(modes)}"
            yield Problem(name, f"edge.tls.{key}", f"a value with mode {tls.mode}", expected)


def _files(host: HostSettings, tls: Tls) -> Iterator[Problem]:
    if tls.certificate is None or tls.key is None:
        missing = "certificate" if tls.certificate is None else "key"
        expected = "a file on the control machine: edge.tls.mode is files"
        yield Problem(host.name, f"edge.tls.{missing}", NOTHING, expected)
        return
    try:
        names = [str(host.domain)]
        if tls.key.file is None:  # what it is shows when a host of the run needs it
            chain.checked(tls.certificate, tls.ca, names)
        else:
            chain.load(tls.certificate, tls.key.file, tls.ca, names)
    except FirstlightError as error:
        yield _problem(host.name, "edge.tls", error)


def _acme(host: HostSettings, tls: Tls) -> Iterator[Problem]:
    acme = tls.acme
    if is_ip(str(host.domain)):
        expected = "a DNS name: the ACME client of Debian and Ubuntu gets no certificate for others"
        yield Problem(host.name, "domain", str(host.domain), expected)
    if acme.email is None:
        expected = "an e-mail address: the ACME client names the account by it"
        yield Problem(host.name, "edge.tls.acme.email", NOTHING, expected)
    if acme.staging and acme.directory != LETS_ENCRYPT:
        expected = "Let's Encrypt's own directory: edge.tls.acme.staging is its rehearsal"
        yield Problem(host.name, "edge.tls.acme.directory", acme.directory, expected)
    if acme.staging and tls.ca is None:
        expected = "the staging server's root: no system trusts it, and nothing could be checked"
        fix = f"save {_STAGING_ROOT} and name the file"
        yield Problem(host.name, "edge.tls.ca", NOTHING, expected, fix=fix)
    if acme.server_ca:
        yield from _certificate(host.name, "edge.tls.acme.server_ca", acme.server_ca)
    if acme.challenge in _PORTS:
        key, port = _PORTS[acme.challenge]
        found = getattr(host.edge, key)
        if found != port:
            expected = f"{port}: {acme.challenge} is asked for there, or challenge dns-01"
            yield Problem(host.name, f"edge.{key}", str(found), expected)
    yield from _dns(host.name, acme)


def _dns(name: str, acme: Acme) -> Iterator[Problem]:
    if acme.challenge != "dns-01":
        for key in ("dns_provider", "dns_credentials", "dns_resolvers"):
            if getattr(acme, key):
                expected = "nothing, or challenge dns-01"
                found = f"a value with challenge {acme.challenge}"
                yield Problem(name, f"edge.tls.acme.{key}", found, expected)
        return
    if acme.dns_provider is None:
        expected = "a DNS provider as lego names it (example: cloudflare)"
        yield Problem(name, "edge.tls.acme.dns_provider", NOTHING, expected)


def _certificate(name: str, key: str, path: Path) -> Iterator[Problem]:
    expected = "a file with a root certificate in PEM"
    try:
        x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        yield Problem(name, key, f"{path}: {error.strerror}", expected)
    except ValueError:
        yield Problem(name, key, f"no certificate in {path}", expected)


def _problem(name: str, key: str, error: FirstlightError) -> Problem:
    where = f" ({error.where}{': ' + error.why if error.why else ''})"
    return Problem(name, key, error.what + where, "", fix=error.fix)
