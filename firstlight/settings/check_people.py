"""Contradictions about people's sign-in: its secret, and pages that are in each other's way."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.errors import FirstlightError
from firstlight.private_file import read_private
from firstlight.settings.check_file import certificate_problems
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import Problem


def people_contradictions(host: HostSettings) -> Iterator[Problem]:
    """Every contradiction in ``edge.people``."""
    people = host.edge.people
    if people is None:
        return
    seen: set[str] = set()
    for index, site in enumerate(people.sites):
        if site.path in seen:
            key = f"edge.people.sites[{index}].path"
            yield Problem(host.name, key, f'"{site.path}" again', "a path of its own for each site")
        seen.add(site.path)
    if people.provider_ca is not None:
        yield from certificate_problems(host.name, "edge.people.provider_ca", people.provider_ca)
    fix = "write the client's secret into it, with mode 0600"
    key, what = "edge.people.client_secret", "the file of the client's secret"
    try:
        text = read_private(people.client_secret, what, fix).strip()
        if not text or len(text.split()) != 1 or not text.isascii():
            expected = "one secret and nothing else"
            yield Problem(host.name, key, f"no secret in {people.client_secret}", expected, fix=fix)
    except FirstlightError as error:
        why = f": {error.why}" if error.why else ""
        found = f"{error.what} ({error.where}{why})"
        yield Problem(host.name, key, found, "", fix=error.fix)
