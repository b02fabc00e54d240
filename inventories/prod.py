"""A rack: hosts with GPUs that serve, an edge in front of them, and one that watches.

Host data wins over group data; values of the whole site stand in `site`. What the tag of an image
and the newest commit of a model mean is looked up once, with `firstlight lock inventories/prod.py`.
"""

site = {
    "site": "prod",
    "ssh_user": "ops",
    "_sudo": True,
    # Who may come by SSH: private networks by default. A host's own "firewall" (edge1, monitor1)
    # replaces this one as a whole: say admin there, too.
    # "firewall": {"admin": ["10.0.9.0/24"]},
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
            # "hub_token": {"age": "secrets/hub.age"},  # or sops, pass, vault, …: docs/secrets.md
        },
    ],
    # Driver and toolkit: what can be set, in the README. By the card monitors know what it measures.
    # "nvidia": {"card": "h100", "count": 2, "reboot": "auto"},
}

racks = (
    ["gpu1.example.net", "gpu2.example.net", "edge1.example.net", "monitor1.example.net"],
    site,
)

# Engines answer edges only, over the private network: by TLS, with certificates of the site's CA.
gpu = (
    [
        ("gpu1.example.net", {"address": "10.0.0.11"}),
        ("gpu2.example.net", {"address": "10.0.0.12"}),
    ],
    serving,
)
# An edge offers the models of every host that has none: both copies of a model behind one name.
edge = [
    (
        "edge1.example.net",
        {
            "domain": "llm.example.net",
            "firewall": {
                "addresses": ["10.0.0.5"]
            },  # from where it asks engines: their gates let it in
            # "edge": {"tls": {"mode": "acme"}},  # certificates: docs/tls.md
        },
    ),
]
# Watches all hosts: docs/monitor.md.
monitor = [
    (
        "monitor1.example.net",
        {
            "firewall": {
                "addresses": ["10.0.0.6"]
            },  # from where it asks them: their doors let it in
            # Nobody is told before there is a receiver: docs/alerting.md.
            # "monitor": {"alerts": {"receivers": {"ops": {"slack": {"url": "secrets/slack-url"}}}}},
        },
    ),
]
