"""The database: the administrator's password, which is the first one until somebody sets another."""

from __future__ import annotations

import hashlib
import json
import secrets

from .configuration import Configuration, ConfigurationError


class Accounts:
    """The one account, and the sessions of this process."""

    def __init__(self, configuration: Configuration) -> None:
        self.user = configuration.get("security", "admin_user", "admin")
        self.first = configuration.get("security", "admin_password", "admin")
        self.path = configuration.data / "grafana.db"
        self.sessions: set[str] = set()

    def begin(self) -> None:
        """Make the database with the configured password, where there is none yet."""
        if not self.path.exists():
            self.set(self.first)

    def set(self, password: str) -> None:
        """Set the password. Raises :class:`ConfigurationError` where it cannot be kept."""
        if len(password) < 4:
            raise ConfigurationError("New password is too short")
        salt = secrets.token_hex(8)
        try:
            self.path.write_text(json.dumps({"salt": salt, "password": _hash(salt, password)}))
        except OSError as error:
            raise ConfigurationError(f"the database cannot be written: {error}") from None

    def knows(self, user: str, password: str) -> bool:
        """Whether this is the administrator."""
        kept = json.loads(self.path.read_text())
        return user == self.user and _hash(kept["salt"], password) == kept["password"]

    def session(self) -> str:
        """Begin a session, and return its cookie's value."""
        made = secrets.token_hex(16)
        self.sessions.add(made)
        return made


def _hash(salt: str, password: str) -> str:
    return hashlib.sha256(f"{salt}{password}".encode()).hexdigest()
