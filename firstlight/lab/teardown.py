"""A lab taken away: its hosts, its network, and at the end what all labs share."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

from firstlight.lab import exclusive, kinds, leftovers, network
from firstlight.lab.exclusive import Say, quiet
from firstlight.lab.mounts import unmount_below
from firstlight.lab.state import CACHE_DIR, LIB_DIR, Rack
from firstlight.lab.supervised import SupervisedHost


def down(rack: Rack, purge: bool = False, say: Say = quiet) -> None:
    """Power every host off and take network and services away; `purge` also disks and state."""
    from firstlight.lab import services as programs

    with exclusive.lab(rack.id, f"the lab {rack.name}"):
        programs.stop(rack)
        machines = [kinds.of(rack, name, say) for name in sorted(rack.hosts)]
        with ThreadPoolExecutor(max(1, len(machines))) as pool:
            end = SupervisedHost.destroy if purge else SupervisedHost.poweroff
            list(pool.map(end, machines))
        with exclusive.machine("the lab's network"):
            if purge and rack.machine_dir.exists():
                unmount_below(rack.machine_dir)
                shutil.rmtree(rack.machine_dir)
            network.down(rack)
        if purge and rack.state_dir.exists():
            shutil.rmtree(rack.state_dir)
        if purge:
            (LIB_DIR / f"{rack.id}.lock").unlink(missing_ok=True)
        say(f"lab {rack.name} is down" + (" and gone" if purge else ""))


def purge_machine(say: Say = quiet) -> bool:
    """Remove what all labs of the machine share, if no lab is left; whether it was removed."""
    if not LIB_DIR.exists() and not CACHE_DIR.exists():
        return True
    with exclusive.machine("removing the lab's caches"):
        leftovers.clean(leftovers.find(leftovers.look()), say)
        left = [path.name for path in LIB_DIR.glob("*") if path.is_dir()]
        if left:
            say(f"caches kept: labs of other checkouts use them ({', '.join(left)})")
            return False
        network.put_forwarding_back(LIB_DIR)
        for folder in (CACHE_DIR, LIB_DIR):
            if folder.exists():
                unmount_below(folder)
                shutil.rmtree(folder)
    return True
