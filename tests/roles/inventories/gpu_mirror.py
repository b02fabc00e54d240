"""The same from a mirror of NVIDIA's repository: where its key does not travel with firstlight."""

from firstlight.rendering import TEMPLATES
from tests.roles.inventories.gpu_only import gpu as hosts

(name, data) = hosts[0]
nvidia = {
    "repository": {
        "url": "https://mirror.example.net/cuda",
        "key": str(TEMPLATES / "etc/apt/keyrings/nvidia-cuda.asc"),
        "fingerprint": "EB693B3035CD5710E231E123A4B469963BF863CC",
    }
}
gpu = [(name, {**data, "nvidia": nvidia})]
