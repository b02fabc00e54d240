#!/bin/sh
# SIMULATED build of VERSION for KERNEL: objects whose .modinfo the real modinfo and depmod read.
set -eu
version=$1 kernel=$2 flavour=$3
board=/usr/lib/firstlight-lab/silicon.sh
if [ -x "$board" ] && ! "$board" builds "$version" "$kernel"; then
  echo "nvidia.c: error: SIMULATED: this version does not build for kernel $kernel" >&2
  exit 1
fi
case $flavour in open) license="Dual MIT/GPL" ;; *) license=NVIDIA ;; esac
# An assembler is there wherever DKMS is; a compiler, which a real kernel's headers bring along,
# takes longer to install than all the rest.
for name in nvidia nvidia-uvm nvidia-modeset; do
  as -o "$name.ko" << END
	.section .modinfo, "a"
	.asciz "name=$name"
	.asciz "version=$version"
	.asciz "license=$license"
	.asciz "description=SIMULATED NVIDIA kernel module"
	.asciz "vermagic=$kernel SMP mod_unload "
	.asciz "depends="
END
done
