"""``server`` and ``cli … admin reset-admin-password --password-from-stdin``, as Grafana has them."""

from __future__ import annotations

import signal
import sys
from http.server import ThreadingHTTPServer
from types import FrameType

from .accounts import Accounts
from .configuration import Configuration, ConfigurationError
from .pages import Pages
from .provisioned import Provisioned


def server(words: list[str]) -> int:
    """Serve until a signal comes; 1 where the configuration is refused."""
    try:
        configuration = Configuration.read(option(words, "--config"))
        provisioned = Provisioned.read(configuration)
        accounts = Accounts(configuration)
        accounts.begin()
        configuration.check()
        address = (configuration.address, configuration.port)
    except ConfigurationError as error:
        print(f"SIMULATED Grafana: {error}", file=sys.stderr)
        return 1
    with ThreadingHTTPServer(address, Pages.of(configuration, accounts, provisioned)) as httpd:
        print("SIMULATED Grafana: HTTP Server Listen", address, file=sys.stderr)
        httpd.serve_forever()
    return 0


def cli(words: list[str]) -> int:
    """Set the administrator's password to the line on stdin."""
    if words[-3:] != ["admin", "reset-admin-password", "--password-from-stdin"]:
        print("SIMULATED Grafana: only reset-admin-password is there", file=sys.stderr)
        return 1
    try:
        Accounts(Configuration.read(option(words, "--config"))).set(sys.stdin.readline().strip())
    except ConfigurationError as error:
        print(f"SIMULATED Grafana: {error}", file=sys.stderr)
        return 1
    print("Admin password changed successfully (SIMULATED)")
    return 0


def option(words: list[str], name: str) -> str:
    """Return the value of an option, given as one word or two."""
    for position, word in enumerate(words):
        if word == name and position + 1 < len(words):
            return words[position + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def end(number: int, frame: FrameType | None) -> None:
    """End at once: nothing is lost."""
    sys.exit(0)


if __name__ == "__main__":
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    verb, rest = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    verbs = {"server": server, "cli": cli}
    if verb not in verbs:
        sys.exit("SIMULATED Grafana: server or cli")
    sys.exit(verbs[verb](rest))
