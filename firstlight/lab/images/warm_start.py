"""Starts vLLM once inside a root that is being built: proof that it works, and byte-code.

Without byte-code in the image every start would compile two thousand modules (10 s more).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab import model
from firstlight.lab.command import run
from firstlight.lab.images import debian, warm_inside
from firstlight.lab.images.layer import EPOCH
from firstlight.lab.images.oci import PATH

SECONDS = 600
# In namespaces of its own: nothing it starts or mounts outlives it or is seen by others, and
# its only network is a loopback that nobody else can reach.
NAMESPACES = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
SCRIPT = """set -e
cd "$1"
ip link set lo up
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom; do
  touch "dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/shm
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir tmp/model tmp/program
mount --bind -o ro "$2" tmp/model
mount --bind -o ro "$3" tmp/program
shift 3
exec chroot . "$@"
"""


def run_once(root: Path, packages: Path, environment: Mapping[str, str]) -> None:
    """Start vLLM in ``root``, let it answer, stop it; byte-code stays in the folder ``packages``.

    Raises :class:`FirstlightError` with errors from vLLM's log if it does not answer.
    """
    # Byte-code names the date of its source, and layers clamp dates: clamp them first.
    for path in packages.rglob("*.py"):
        os.utime(path, (EPOCH, EPOCH))
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="warm.") as folder:
        tiny = model.ensure(Path(folder) / "tiny")
        program = Path(folder) / "program"
        program.mkdir()
        shutil.copyfile(warm_inside.__file__, program / "warm.py")
        variables = {"PATH": PATH, **environment, "HOME": "/tmp"}
        inside = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        inside += ["/usr/bin/python3", "/tmp/program/warm.py", "/tmp/model"]
        argv = [*NAMESPACES, "sh", "-c", SCRIPT, "sh", str(root), str(tiny), str(program)]
        try:
            run(*debian.NICE, *argv, *inside, timeout=SECONDS)
        except FirstlightError as error:
            raise FirstlightError(
                "vLLM did not start in the image that was built", why=error.why
            ) from error
