"""What a host needs to look after its edge's certificate itself: files by path, and units."""

from __future__ import annotations

import hashlib
import json
import shlex
from typing import TYPE_CHECKING

from firstlight.edge.tls import ACME_HTTP_PORT, ACME_TLS_PORT, STATE, place
from firstlight.rendering import render, verbatim
from firstlight.secret import Secret
from firstlight.secrets.needed import dns_credential
from firstlight.secrets.resolved import resolved
from firstlight.settings.value import is_ip

if TYPE_CHECKING:
    from firstlight.pki import Leaf
    from firstlight.settings import HostSettings

FOLDER = "/etc/firstlight/tls"
PROGRAM = "/usr/local/lib/firstlight/certificate"
UNITS = "/etc/systemd/system"
METRIC = "/var/lib/firstlight/edge/certificate.prom"
ACCOUNTS = "/var/lib/firstlight/acme"
EDGE = "/etc/nginx/firstlight/current"
ASKED = "/run/firstlight/certificate-due"
"""Whoever makes this file wants another certificate at the service's next start."""
LOCK = "/run/firstlight/certificate.lock"

RENEWING = "firstlight-certificate"
MEASURING = "firstlight-certificate-expiry"
DROP_INS = f"{UNITS}/{RENEWING}.service.d"
_LONGEST_COMMON_NAME = 64
_OWN_ONLY = ("issuer.crt", "issuer.key", "root.crt")
_ACME_ONLY = ("server-ca.crt",)


def renews(settings: HostSettings, issuer: Leaf | None) -> bool:
    """Whether the host gets its certificate itself."""
    return settings.edge.tls.mode == "acme" or issuer is not None


def alternative(names: list[str]) -> str:
    """Return ``names`` as OpenSSL's configuration has subjectAltName."""
    return ",".join(f"{'IP' if is_ip(name) else 'DNS'}:{name}" for name in names)


def wanted_names(settings: HostSettings, own: list[str]) -> list[str]:
    """Return the names in the certificate: a public CA vouches for the domain alone."""
    return [str(settings.domain)] if settings.edge.tls.mode == "acme" else own


def purpose(settings: HostSettings, names: list[str], issuer: Leaf | None) -> str:
    """Return what a certificate has to be made for: another value, another certificate."""
    tls = settings.edge.tls
    by = tls.acme.url if tls.mode == "acme" else [issuer.cert_pem if issuer else "", tls.leaf_days]
    text = json.dumps([tls.mode, wanted_names(settings, names), by])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def variables(settings: HostSettings, names: list[str], issuer: Leaf | None) -> dict[str, str]:
    """Return what the program on the host is told, by the names it knows."""
    tls, acme = settings.edge.tls, settings.edge.tls.acme
    domain = str(settings.domain)
    return {
        "mode": tls.mode,
        "domain": domain,
        "match": "-checkip" if is_ip(domain) else "-checkhost",
        "port": str(settings.edge.port),
        "place": place(settings) if renews(settings, issuer) else f"{STATE}/none/none",
        "purpose": purpose(settings, names, issuer),
        "days": str(tls.leaf_days),
        "edge": EDGE,
        "metric": METRIC,
        "asked": ASKED,
        "lock": LOCK,
        "account": ACCOUNTS,
        "http_port": str(ACME_HTTP_PORT),
        "tls_port": str(ACME_TLS_PORT),
        "challenge": acme.challenge,
        "directory": acme.url,
        "email": acme.email or "",
        "provider": acme.dns_provider or "",
        "resolvers": " ".join(acme.dns_resolvers),
        "dns_wait": "yes" if acme.dns_wait else "no",
        "credentials": " ".join(
            f"{name}={source.credential}" if source.on_host else name
            for name, source in sorted(acme.dns_credentials.items())
        ),
    }


def subject(settings: HostSettings) -> str:
    """Return the subject: clients look at the alternative names, a constraint may at this."""
    domain = str(settings.domain)
    common = settings.edge.tls.mode == "acme" and len(domain) <= _LONGEST_COMMON_NAME
    return f"CN = {domain}" if common else "O = firstlight"


def files(
    settings: HostSettings, names: list[str], issuer: Leaf | None, root: str
) -> dict[str, str | Secret]:
    """Return the files on the host by path.

    ``issuer`` is the host's own authority, None where it has none; ``root`` is what signed it.
    Raises :class:`FirstlightError` where a DNS provider's credential cannot be had.
    """
    told = variables(settings, names, issuer)
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in told.items()]
    configuration = {
        "subject": subject(settings),
        "names": alternative(wanted_names(settings, names)),
    }
    made: dict[str, str | Secret] = {
        PROGRAM: verbatim("usr/local/lib/firstlight/certificate"),
        f"{FOLDER}/settings": "".join(lines),
        f"{FOLDER}/openssl.cnf": render("etc/firstlight/tls/openssl.cnf", **configuration),
        **units(settings, issuer),
    }
    if issuer:
        made[f"{FOLDER}/issuer.crt"] = issuer.cert_pem
        made[f"{FOLDER}/issuer.key"] = issuer.key
        made[f"{FOLDER}/root.crt"] = root
    if settings.edge.tls.mode == "acme":
        acme = settings.edge.tls.acme
        if acme.server_ca:
            made[f"{FOLDER}/server-ca.crt"] = acme.server_ca.read_text()
        if acme.challenge == "dns-01":
            for name, source in acme.dns_credentials.items():
                if not source.on_host:
                    made[f"{FOLDER}/dns/{name}"] = resolved(source, dns_credential(name), "text")
    return made


def units(settings: HostSettings, issuer: Leaf | None) -> dict[str, str]:
    """Return the unit files by path."""
    # An ACME server counts what fails; the host's own authority does not.
    acme = settings.edge.tls.mode == "acme"
    calendar, spread = ("00/6:00", "2h") if acme else ("hourly", "10min")
    given: dict[str, dict[str, object]] = {
        RENEWING: {"calendar": calendar, "spread": spread, "credentials": handed(settings)},
        MEASURING: {},
    }
    wanted = (RENEWING, MEASURING) if renews(settings, issuer) else (MEASURING,)
    return {
        f"{UNITS}/{name}.{kind}": render(
            f"etc/systemd/system/{name}.{kind}", folder=FOLDER, **given[name]
        )
        for name in wanted
        for kind in ("service", "timer")
    }


def handed(settings: HostSettings, *, on_host: bool = False) -> list[str]:
    """Return the names of the credentials that the unit is handed: of files that are written
    here, or those that are ``on_host`` already.
    """
    acme = settings.edge.tls.acme
    if settings.edge.tls.mode != "acme" or acme.challenge != "dns-01":
        return []
    return sorted(
        source.credential or name
        for name, source in acme.dns_credentials.items()
        if source.on_host is on_host
    )


def absent(settings: HostSettings, made: dict[str, str | Secret]) -> tuple[str, ...]:
    """Return what another mode left behind and this one does not know."""
    own = [f"{FOLDER}/{name}" for name in (*_OWN_ONLY, *_ACME_ONLY)]
    own += [f"{UNITS}/{RENEWING}.{kind}" for kind in ("service", "timer")]
    if not any(path.startswith(f"{FOLDER}/dns/") for path in made):
        own.append(f"{FOLDER}/dns")
    if not handed(settings, on_host=True):
        own.append(DROP_INS)
    return tuple(path for path in own if path not in made)


def mode_of(path: str, content: str | Secret) -> str:
    """Return the file's mode: what is in FOLDER is root's alone."""
    if path == PROGRAM:
        return "755"
    return "600" if isinstance(content, Secret) or path.startswith(f"{FOLDER}/") else "644"
