"""Which keys of an inventory's data belong to pyinfra and not to the settings."""

from __future__ import annotations

_PREFIXES = ("_", "ssh_", "dockerssh_", "vagrant_", "terraform_", "chroot_", "fake_")
_KEYS = frozenset(
    {
        # The connectors @docker and @dockerssh. Their prefix cannot be given as a whole: with it
        # "docker_source", a likely slip for the key "docker.source", would be passed over.
        "docker_identifier",
        "docker_platform",
        "docker_architecture",
        "docker_container_id",
    }
)


def is_foreign(key: object) -> bool:
    """Whether ``key`` is a global argument of pyinfra or the data of one of its connectors."""
    return isinstance(key, str) and (key in _KEYS or key.startswith(_PREFIXES))
