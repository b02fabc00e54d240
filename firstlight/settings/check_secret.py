"""The sources of secrets, looked at on every host of an inventory: no secret is asked for here."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.errors import FirstlightError
from firstlight.secrets.looked import looked_at
from firstlight.secrets.needed import TLS_KEY, needed
from firstlight.secrets.resolved import resolved
from firstlight.settings.host import HostSettings
from firstlight.settings.problem import Problem


def secret_problems(host: HostSettings) -> Iterator[Problem]:
    """What is wrong with the sources of the secrets that ``host`` needs."""
    for each in needed(host):
        source = each.source
        if source.on_host and not each.on_host:
            expected = f"a source on the control machine: no unit of systemd reads {each.what}"
            yield Problem(host.name, each.key, f'credential "{source.credential}"', expected)
            continue
        try:
            if source.file is None:
                looked_at(source, each.what)
            elif each.key != TLS_KEY:  # that one is looked at together with its certificate
                resolved(source, each.what, each.shape)  # a private file asks nobody for anything
        except FirstlightError as error:
            where = f" ({error.where}{': ' + error.why if error.why else ''})"
            yield Problem(host.name, each.key, error.what + where, "", fix=error.fix)
