"""The watched rack's inventory: lab3 is edge and monitor, lab1 has a GeForce, lab2 eight H100."""

import json
import os

from firstlight.lab.inventory import lab_inventory

LAB = os.environ["FIRSTLIGHT_LAB"]
# What a test says of all hosts: where alerts go, what is promised.
TOLD = json.loads(os.environ.get("WATCHING", "{}"))
everything = lab_inventory(LAB, "llamacpp", edges="lab3", monitors="lab3")
hosts = dict(everything)
second = dict(lab_inventory(LAB, "vllm"))["lab2"]["models"][0]
# Room for four whole contexts, and many more at a time: it is filled by asking.
second |= {"name": "second", "gpus": [0], "context": 2048, "concurrency": 32}
second["args"] = {**second["args"], "kv-cache-memory-bytes": 4194304}
hosts["lab2"]["models"] = [second]
hosts["lab2"]["nvidia"]["card"] = "h100"
hosts["lab3"]["ssh"] = {"forwarding": True}  # tests ask its Prometheus many things
for data in hosts.values():
    data["monitor"] |= TOLD

gpu = [host for host in everything if host[1]["models"]]
edge = [host for host in everything if host[0] == "lab3"]
monitor = [host for host in everything if host[0] == "lab3"]
