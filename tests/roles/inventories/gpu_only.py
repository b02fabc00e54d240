"""A host with GPUs and nothing declared of them, with Docker from its own repository."""

MODEL = {
    "name": "qwen3-8b",
    "revision": "d" * 40,
    "image": "docker.io/vllm/vllm-openai@sha256:" + "e" * 64,
}

gpu = [
    (
        "gpu1",
        {
            "site": "workstation",
            "address": "192.0.2.20",
            "models": [MODEL],
            "docker": {"source": "docker"},
            "edge": {"enabled": False},
        },
    )
]
