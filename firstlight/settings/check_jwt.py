"""Contradictions about tokens: where the issuer's keys come from."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.edge.jwks import UnusableError, usable_keys
from firstlight.settings.check_file import certificate_problems
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import NOTHING, Problem


def jwt_contradictions(host: HostSettings) -> Iterator[Problem]:
    """Every contradiction in ``edge.jwt``."""
    jwt = host.edge.jwt
    if jwt is None:
        return
    expected = "exactly one of jwks_file and jwks_url: the issuer's public keys"
    if (jwt.jwks_file is None) == (jwt.jwks_url is None):
        yield Problem(host.name, "edge.jwt", NOTHING if not jwt.jwks_url else "both", expected)
    if jwt.jwks_ca is not None:
        if jwt.jwks_url is None:
            expected = "a jwks_url beside it: a file is not fetched"
            yield Problem(host.name, "edge.jwt.jwks_ca", NOTHING, expected)
        yield from certificate_problems(host.name, "edge.jwt.jwks_ca", jwt.jwks_ca)
    if jwt.jwks_file is not None:
        expected = "a JWKS with at least one public key that can be used"
        try:
            usable_keys(jwt.jwks_file.read_bytes(), list(jwt.algorithms))
        except OSError as error:
            found = f"{jwt.jwks_file}: {error.strerror}"
            yield Problem(host.name, "edge.jwt.jwks_file", found, expected)
        except UnusableError as error:
            found = f"{jwt.jwks_file}: {error}"
            yield Problem(host.name, "edge.jwt.jwks_file", found, expected)
