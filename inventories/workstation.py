"""One workstation with one RTX 4090: edge and engine on the same box.

Change the lines marked <-- and run:
    firstlight keys issue me --site workstation
    firstlight lock inventories/workstation.py
    pyinfra inventories/workstation.py deploys/stack.py
To run on the workstation itself, write "@local" instead of "workstation" in all three lists (the site
keeps its name) and leave out the ssh_ keys.
"""

workstation = [
    (
        "workstation",
        {
            "ssh_hostname": "192.168.1.20",  # <-- its address
            "ssh_user": "ops",  # <-- an account with your key and sudo
            "_sudo": True,
            "site": "workstation",
            "domain": "llm.home.arpa",  # <-- the name in your URL
            "address": "192.168.1.20",  # <-- until your DNS knows that name
            "models": [
                {
                    "name": "qwen3-8b",  # from the catalogue: repository, engine, context
                    "image": "docker.io/vllm/vllm-openai:v0.33.0",  # the lock has its digest
                    "context": 16384,
                    "gpus": [0],
                    "shm": "8GiB",
                },
            ],
            # "nvidia": {"power_limit": 350},  # driver and toolkit: what can be set, in the README
            # It watches itself: docs/monitor.md. Nobody is told before there is a receiver.
            # "monitor": {"alerts": {"receivers": {"me": {"slack": {"url": "secrets/slack-url"}}}}},
        },
    ),
]

gpu = ["workstation"]
edge = ["workstation"]
