"""``python -m tests.lab.counted_run FILE WORD…``: pyinfra as its command runs it, counted.

What went over SSH is written to FILE as JSON, by the peer's address. The counters live in the
process that connects, so it has to be this one.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from pyinfra_cli.main import main

if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        from firstlight.transport import traffic

        counted = {peer: dataclasses.asdict(seen) for peer, seen in traffic().items()}
        target.write_text(json.dumps(counted))
