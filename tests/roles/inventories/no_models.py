"""A host that serves nothing any more."""

monitor = [
    ("monitor1", {"site": "workstation", "address": "192.0.2.30", "docker": {"source": "docker"}})
]
