"""Whether the images that the next boot begins with know a setting of modprobe yet."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

# Of installed kernels only: copies beside them (.old-dkms, .bak, rescue) nobody makes anew.
SCRIPT = r"""
for modules in /lib/modules/*; do
  kernel=${modules##*/}
  for image in "/boot/initrd.img-$kernel" "/boot/initramfs-$kernel.img"; do
    if [ -e "$image" ] && [ "$1" -nt "$image" ]; then echo "$image"; fi
  done
done
true
"""


class StaleInitramfs(FactBase[list[str]]):
    """Return the initramfs images that are older than the file at ``path``."""

    default = list

    @override
    def command(self, path: str) -> StringCommand:
        return StringCommand("sh -c", QuoteString(SCRIPT), "initramfs", QuoteString(path))

    @override
    def process(self, output: list[str]) -> list[str]:
        return [line.strip() for line in output]
