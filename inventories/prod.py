"""A rack: hosts with GPUs that serve, each behind its own edge, and one that watches.

Host data wins over group data; values of the whole site stand in `site`. What the tag of an image
and the newest commit of a model mean is looked up once, with `firstlight lock inventories/prod.py`.
"""

site = {
    "site": "prod",
    "ssh_user": "ops",
    "_sudo": True,
    "docker": {
        "source": "docker",
        "registries": {"registry.example.net": {"ca": "secrets/registry-ca.pem"}},
    },
}

serving = {
    "models": [
        {
            "name": "qwen3-32b",
            "repo": "Qwen/Qwen3-32B-AWQ",
            "engine": "vllm",
            "image": "registry.example.net/vllm/vllm-openai:v0.33.0",
            "context": 32768,
            "bytes": "20GB",
            "concurrency": 64,
            "shm": "16GiB",
            "gpus": 2,  # tensor parallel over both
        },
    ],
    # "nvidia": {"count": 2, "reboot": "auto"},  # driver and toolkit: what can be set, in the README
}

racks = (["gpu1.example.net", "gpu2.example.net", "monitor1.example.net"], site)

gpu = (
    [
        ("gpu1.example.net", {"domain": "gpu1.llm.example.net"}),
        ("gpu2.example.net", {"domain": "gpu2.llm.example.net"}),
    ],
    serving,
)
edge = ["gpu1.example.net", "gpu2.example.net"]
monitor = ["monitor1.example.net"]
