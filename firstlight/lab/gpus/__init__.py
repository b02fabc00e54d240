"""SIMULATED GPUs for lab hosts: a stand-in for the silicon and for the vendor's binaries only.

apt, signatures, pinning, holds, dpkg, DKMS, systemd, Docker's CDI and the reboot are real.
"""
