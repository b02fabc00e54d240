"""What a host or group says that is never used, because a nearer one says a part of the same.

pyinfra lays data over each other by their first key: a host's ``firewall`` replaces its group's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from firstlight.settings.host import HostSettings
from firstlight.settings.secret_source import KINDS

Layers = Sequence[tuple[str, Mapping[str, object]]]
"""Whose data, and the data: the nearest first, which wins."""


def remarks(site: Mapping[str, Layers]) -> list[str]:
    """Return what the hosts of an inventory do not take over, in one line for those alike."""
    hosts: dict[str, list[str]] = {}
    for name, layers in site.items():
        for text in dict.fromkeys(shadowed(layers)):  # @local may be in a group twice
            hosts.setdefault(text, []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in hosts.items()]


def shadowed(layers: Layers) -> Iterator[str]:
    """Yield which settings of farther layers a nearer one hides without saying them itself."""
    for key in HostSettings.model_fields:
        said = [(where, data[key]) for where, data in layers if key in data]
        nearest, kept = said[0] if said else ("", None)
        for where, gone in said[1:]:
            hidden = list(_hidden(key, kept, gone))
            if hidden:
                yield (
                    f"{key} of {nearest} replaces that of {where} as a whole, so "
                    f"{', '.join(hidden)} from there does not hold; what shall hold stands at "
                    f"{nearest}"
                )


def _hidden(path: str, kept: object, gone: object) -> Iterator[str]:
    if isinstance(kept, Mapping) and isinstance(gone, Mapping):
        if kept.keys() & KINDS and gone.keys() & KINDS:  # another source of the same secret
            return
        for name, value in gone.items():
            if name not in kept:
                yield f"{path}.{name}"
            else:
                yield from _hidden(f"{path}.{name}", kept[name], value)
