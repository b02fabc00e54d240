"""The hosts of `firstlight lab up`: real machines in all but the silicon.

Everything here is read from .firstlight/<lab>/lab.json, which `firstlight lab up` writes.
ENGINE=vllm serves with vLLM (on the CPU) instead of llama.cpp; ollama, sglang, tgi and triton are
SIMULATED: programs with the same command line, health, metrics and paths, and no model.
EDGE=lab3 has lab3 stand alone before the engines of all other hosts. MONITOR=lab3 has lab3 watch
all hosts; without it every edge watches itself, and with MONITOR= nobody is watched.
"""

import os

from firstlight.lab.inventory import lab_inventory

MONITOR = os.environ.get("MONITOR", "itself")
everything = lab_inventory(
    name=os.environ.get("FIRSTLIGHT_LAB", "lab"),
    engine=os.environ.get("ENGINE", "llamacpp"),
    edges=os.environ.get("EDGE", ""),
    monitors=MONITOR,
)

gpu = [host for host in everything if host[1]["models"]]
edge = [host for host in everything if "edge" not in host[1]]
monitor = [host for host in everything if host[0] in MONITOR.split(",")]
