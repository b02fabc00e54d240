"""The board of a lab host: `silicon VERB …`.

boot, show, set KEY JSON, builds VERSION KERNEL, kernel RELEASE, fabric STATE STATUS, smi GPUS …
While it runs: live GPUS KEY=VALUE …, xid GPUS NUMBER, fall GPUS, pull GPUS, calm
"""

from __future__ import annotations

import json
import sys

from . import board, controls, driver, faults, kernel, mig

FAULTS = {"live": 2, "xid": 2, "fall": 1, "pull": 1, "calm": 0}
"""Verbs that change what is measured, with how many words they need."""
SMI = {"-pm": controls.persistence, "-pl": controls.power, "-mig": controls.mig_mode}


def main(words: list[str]) -> int:
    """Do what the words say; the exit code."""
    verb, rest = (words[0], words[1:]) if words else ("show", [])
    if verb == "boot":
        driver.boot(board.read())
    elif verb == "set" and len(rest) == 2:
        board.switch(rest[0], json.loads(rest[1]))
    elif verb == "show":
        print(json.dumps(board.read(), indent=1))
    elif verb == "builds" and len(rest) == 2:
        return 0 if board.builds(board.read(), *rest) else 1
    elif verb == "kernel" and len(rest) == 1:
        kernel.lay_out(rest[0])
    elif verb == "fabric" and len(rest) == 2:
        return controls.fabric(*rest)
    elif verb in FAULTS and len(rest) >= FAULTS[verb]:
        return faults.run(verb, rest)
    elif verb == "smi" and len(rest) >= 2:
        which, option, *values = rest
        return mig.run(which, values) if option == "mig" else SMI[option](which, *values)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except controls.RefusedError as refusal:
        print(refusal)
        sys.exit(refusal.code)
