"""grafana.ini, as far as the stand-in goes by it."""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass
from pathlib import Path

FLAGS = (("security", "cookie_secure"), ("auth.anonymous", "enabled"), ("users", "allow_sign_up"))
FILE = re.compile(r"\$__file\{([^}]+)\}")


class ConfigurationError(Exception):
    """What the real one would not start with, either."""


@dataclass(frozen=True)
class Configuration:
    """The values that count."""

    values: dict[str, dict[str, str]]

    @classmethod
    def read(cls, path: str) -> Configuration:
        """Read the file, with the files that it refers to. Raises :class:`ConfigurationError`."""
        place = path or os.environ.get("GF_PATHS_CONFIG", "/etc/grafana/grafana.ini")
        parser = configparser.ConfigParser(
            interpolation=None, comment_prefixes=(";", "#"), delimiters=("=",)
        )
        try:
            parser.read_string(Path(place).read_text())
            values = {
                name: {key: expanded(value) for key, value in part.items()}
                for name, part in parser.items()
            }
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            raise ConfigurationError(f"Failed to parse {place}: {error}") from None
        return cls(values)

    def get(self, section: str, key: str, default: str = "") -> str:
        """Return a value."""
        return self.values.get(section, {}).get(key, default)

    def flag(self, section: str, key: str, default: bool) -> bool:
        """Return a value that is true or false. Raises :class:`ConfigurationError`."""
        text = self.get(section, key, str(default)).lower()
        if text not in ("true", "false"):
            raise ConfigurationError(f"{section}.{key}: {text!r} is neither true nor false")
        return text == "true"

    def check(self) -> None:
        """Raise :class:`ConfigurationError` for flags that are none."""
        for section, key in FLAGS:
            self.flag(section, key, False)

    @property
    def address(self) -> str:
        return self.get("server", "http_addr", "0.0.0.0")

    @property
    def port(self) -> int:
        text = self.get("server", "http_port", "3000")
        if not text.isdecimal() or not 0 <= int(text) < 2**16:
            raise ConfigurationError(f"server.http_port: {text!r} is no port")
        return int(text)

    @property
    def data(self) -> Path:
        return Path(self.get("paths", "data", "/var/lib/grafana"))

    @property
    def provisioning(self) -> Path:
        return Path(self.get("paths", "provisioning", "/etc/grafana/provisioning"))


def expanded(value: str) -> str:
    """Return ``value`` with the files in it that it names as ``$__file{PATH}``."""
    return FILE.sub(lambda found: Path(found[1]).read_text().strip(), value)
