"""What the edge shows to the engines of its own host, so that they answer it and nobody else."""

from __future__ import annotations

from firstlight.secret import Secret

NAME = "backend.conf"
"""Fragment for every place that leads to an engine of this host; nothing else in that place may
set the header. Engines that ask for nothing ignore it: so an engine can be replaced by one that
does ask, in any order."""


def files(secret: Secret | None) -> dict[str, str | Secret]:
    """Return the fragment: the header with ``secret``, or none at all.

    Either way what a client has sent as ``Authorization`` goes no further.
    """
    if secret is None:
        return {NAME: 'proxy_set_header Authorization "";\n'}
    return {NAME: Secret(f'proxy_set_header Authorization "Bearer {secret.reveal()}";\n')}
