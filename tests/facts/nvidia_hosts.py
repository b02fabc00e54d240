"""What NVIDIA's programs print, in the form that their documentation and bug reports show.

Written from knowledge of the formats, not recorded on a machine with a GPU: none was at hand.
"""

from __future__ import annotations

RTX_4090 = "0, GPU-1b3ff2f0-0001, NVIDIA GeForce RTX 4090, 24564, 8.9, [N/A], 450.00\n"
HGX = "".join(
    f"{n}, GPU-5d2c0000-000{n}, NVIDIA H100 80GB HBM3, 81559, 9.0, Disabled, 700.00\n"
    for n in range(8)
)
HGX_DETAILS = "".join(
    f"""GPU 00000000:{n:02X}:00.0
    Product Name                          : NVIDIA H100 80GB HBM3
    GPU Recovery Action                   : None
    Fabric
        State                             : Completed
        Status                            : Success
        CliqueId                          : 0
    Processes                             : None
"""
    for n in range(8)
)
MIG_LIST = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-5d2c0000-0000)
  MIG 3g.40gb     Device  0: (UUID: MIG-1)
  MIG 1g.10gb     Device  1: (UUID: MIG-2)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-5d2c0000-0001)
"""
MISMATCH = """Failed to initialize NVML: Driver/library version mismatch
NVML library version: 580.178
"""
NOT_LOADED = """NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make \
sure that the latest NVIDIA driver is installed and running.
"""
LOST = (
    HGX.splitlines(keepends=True)[0]
    + "Unable to determine the device handle for GPU0000:41:00.0: Unknown Error\n"
)
OPEN_MODULE = """NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.178.04  Release Build
GCC version:  gcc version 14.2.0 (Debian 14.2.0-19)
"""
PACKAGES = """installed hold nvidia-driver-cuda 580.178.04-1
installed install nvidia-container-toolkit 1.20.0-1
config-files deinstall nvidia-kernel-dkms 570.86.10-1
"""
TOOLKIT = r"""case $1 in
  --version) echo 'NVIDIA Container Toolkit CLI version 1.20.0'; echo 'commit: 0123456' ;;
  *) echo 'time="x" level=info msg="Found 2 CDI devices"' >&2; printf 'nvidia.com/gpu=0\nnvidia.com/gpu=all\n' ;;
esac"""
