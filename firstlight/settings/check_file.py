"""Files on the control machine that the settings name: there and readable. What is secret: check_secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from firstlight import keys
from firstlight.errors import FirstlightError
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import Problem


def missing_files(host: HostSettings) -> Iterator[Problem]:
    """Every file that ``host`` needs and that cannot be used as it is."""
    for name, registry in host.docker.registries.items():
        if registry.ca is not None:
            yield from certificate_problems(
                host.name, f'docker.registries["{name}"].ca', registry.ca
            )
    for name, mirror in host.nvidia.mirrors.items():
        if not mirror.key.is_file():
            expected = "a file with the OpenPGP key that signs the repository"
            yield Problem(host.name, f"nvidia.{name}.key", f"no file {mirror.key}", expected)
    if host.edge.enabled:
        try:
            keys.load(host.edge.api_keys)
        except FirstlightError as error:
            yield _problem(host.name, "edge.api_keys", error, host.site)


def certificate_problems(host: str, key: str, path: Path) -> Iterator[Problem]:
    """What is wrong with the file of CA certificates at ``path``."""
    expected = "a file with a CA certificate in PEM"
    try:
        content = path.read_bytes() if path.is_file() else None
    except OSError as error:
        yield Problem(host, key, f"{path}: {error.strerror}", expected)
        return
    if content is None:
        yield Problem(host, key, f"no file {path}", expected)
        return
    try:
        x509.load_pem_x509_certificates(content)
    except ValueError:
        yield Problem(host, key, f"no certificate in {path}", expected)


def _problem(host: str, key: str, error: FirstlightError, site: str) -> Problem:
    where = f" ({error.where}{': ' + error.why if error.why else ''})"
    return Problem(host, key, error.what + where, "", fix=error.fix.replace("SITE", site))
