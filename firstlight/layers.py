"""Whose data a host's are made of: what :func:`firstlight.adapter.inventory_data` has laid together."""

from __future__ import annotations

from pyinfra.api import Inventory

from firstlight import adapter
from firstlight.settings.shadowed import Layers, remarks


def tell_hidden(inventory: Inventory) -> None:
    """Say which settings of groups a nearer one hides without saying them itself."""
    for remark in remarks(layers(inventory)):
        adapter.say(f"WARNING: {remark}")


def layers(inventory: Inventory) -> dict[str, Layers]:
    """Return every host's own data, its groups' and everybody's, the nearest first.

    What stands on the command line (``--data``) is left out: it is said on purpose.
    """
    return {
        each.name: [
            ("the host", inventory.get_host_data(each.name)),
            # Of several groups the last one wins.
            *[
                (f"the group {name}", inventory.get_group_data(name))  # type: ignore[no-untyped-call]
                for name in each.groups[::-1]
            ],
            ("all", inventory.get_data()),  # type: ignore[no-untyped-call]
        ]
        for each in inventory
    }
