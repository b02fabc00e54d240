"""Contradictions about people's sign-in: its provider's CA, and pages that are in each other's way."""

from __future__ import annotations

from collections.abc import Iterator

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
