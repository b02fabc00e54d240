"""A host that serves on loopback only, with Docker from its own repository: on every system."""

MODEL = {
    "name": "qwen3-8b",
    "revision": "d" * 40,
    "image": "docker.io/vllm/vllm-openai@sha256:" + "e" * 64,
    "gpus": 0,
}

gpu = [
    (
        "engine1",
        {
            "site": "workstation",
            "address": "192.0.2.20",
            "models": [MODEL],
            "docker": {"source": "docker"},
            "edge": {"enabled": False},
        },
    )
]
