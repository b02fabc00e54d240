"""Images into the lab's registry, over TLS that is verified against the lab's CA."""

from __future__ import annotations

from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.lab.command import run
from firstlight.lab.images import oci
from firstlight.lab.services import registry
from firstlight.lab.state import Rack

PUSH_SECONDS = 300


def push(layout: Path, repository: str, digest: str, rack: Rack, tag: str = "lab") -> str:
    """Push the image unless the registry has it; return its reference by digest."""
    reference = f"{registry.endpoint(rack)}/{repository}@{digest}"
    path = f"/v2/{repository}/manifests/{digest}"
    if registry.status(rack, path, oci.MANIFEST_TYPE) != 200:
        run(
            "skopeo",
            "--insecure-policy",  # about signatures on the layout, which was made right here
            "copy",
            "--quiet",
            "--preserve-digests",
            "--retry-times=2",
            f"--dest-cert-dir={registry.ca_folder(rack)}",
            f"oci:{layout}:{oci.NAME}",
            f"docker://{registry.endpoint(rack)}/{repository}:{tag}",
            timeout=PUSH_SECONDS,
        )
    return reference


def retag(repository: str, digest: str, tag: str, rack: Rack) -> None:
    """Let ``tag`` lead to ``digest``, which the registry has; what it led to stays.

    Raises FirstlightError where the registry does not take it.
    """
    path = f"/v2/{repository}/manifests"
    status, manifest = registry.request(rack, "GET", f"{path}/{digest}", oci.MANIFEST_TYPE)
    if status == 200:
        status, _ = registry.request(rack, "PUT", f"{path}/{tag}", oci.MANIFEST_TYPE, manifest)
    if status != 201:
        raise FirstlightError(
            "the lab's registry did not take a tag",
            where=f"{repository}:{tag}",
            why=f"it answered {status}",
        )
