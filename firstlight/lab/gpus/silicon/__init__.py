"""SIMULATED silicon: runs inside a lab host, from /usr/lib/firstlight-lab, with Python alone.

Imports nothing of firstlight: it is copied into the host.
"""
