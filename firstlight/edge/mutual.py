"""Certificates with which the edge of one host and the gates of another know each other."""

from __future__ import annotations

from firstlight.edge.release import TEMPLATES, Texts
from firstlight.pki import Leaf
from firstlight.rendering import render


def gate_files(ca: str, leaf: Leaf) -> Texts:
    """Return what a host's gates need; ``ca`` is the root that edges' certificates come from."""
    return {"ca.crt": ca, "gate.crt": leaf.cert_pem, "gate.key": leaf.key}


def visitor_files(ca: str, leaf: Leaf, gate_name: str, folder: str) -> Texts:
    """Return what an edge needs to be let in by the gates of other hosts."""
    conf = render(f"{TEMPLATES}/visitor.conf", folder=folder, gate_name=gate_name)
    return {
        "ca.crt": ca,
        "visitor.crt": leaf.cert_pem,
        "visitor.key": leaf.key,
        "visitor.conf": conf,
    }
