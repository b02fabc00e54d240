"""``firstlight models`` against the tests' lab, and models whose weights come by other ways."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.request import urlopen

from firstlight.lab.services import model_hub, shelf_request
from tests.lab.rack import BIN, Run, TestRack, command, firstlight

INVENTORY = "inventories/lab.py"


def models(verb: str, *flags: str, check: bool = True) -> Run:
    """Run ``firstlight models VERB`` for lab1."""
    words = ("models", verb, INVENTORY, "--limit", "lab1", *flags)
    return firstlight(*words, check=check)


def pull(served: list[dict[str, Any]]) -> Run:
    """Pull weights as if the inventory declared the models ``served``."""
    data = ("--data", f"models={json.dumps(served)}")
    words = (str(BIN / "pyinfra"), "-y", "--limit", "lab1", *data)
    return command(*words, INVENTORY, "deploys/models_pull.py", ENGINE="llamacpp")


def plain(rack: TestRack, **changes: Any) -> dict[str, Any]:
    """The lab's model without what says where its weights come from."""
    without = ("repo", "revision", "bytes", "hub")
    found = {key: text for key, text in rack.model().items() if key not in without}
    return {**found, **changes}


def other_ways(rack: TestRack) -> list[dict[str, Any]]:
    """The tiny model from a web server, from a SIMULATED S3 store and a SIMULATED Ollama registry."""
    url = model_hub.url(rack.state)
    with urlopen(f"{url}/files/firstlight/tiny/SHA256SUMS", timeout=10) as answer:
        digest = f"sha256:{hashlib.sha256(answer.read()).hexdigest()}"
    keys = rack.state.state_dir / "services" / "s3-keys"
    secret = model_hub.token_file(rack.state).read_text().strip()
    keys.touch(mode=0o600)
    keys.write_text(f"{shelf_request.ACCESS_KEY}:{secret}\n")
    address = url.removeprefix("http://")
    bucket = {"weights": f"s3://closed/firstlight/tiny/@{digest}", "hub": f"{url}/s3"}
    ollama = rack.state.extras["ollama"]
    return [
        plain(rack, name="web", port=8001, weights=f"http://{address}/files/firstlight/tiny/@{digest}"),
        plain(rack, name="bucket", port=8002, **bucket, hub_token=str(keys)),
        {
            **{key: text for key, text in plain(rack).items() if key not in ("file", "args")},
            "name": "ollama", "engine": "ollama", "port": 8003,
            "weights": ollama["weights"], "hub": ollama["url"],
        },
    ]  # fmt: skip
