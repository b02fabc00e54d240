"""SIMULATED DCGM exporter: shows what the SIMULATED GPUs of a lab host measure, as the real one.

Runs inside its image, from /usr/lib/firstlight-lab, with Python alone, and imports nothing else.
"""
