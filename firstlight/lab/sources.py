"""Where guests get packages from: the machine's own apt sources and settings, per suite."""

from __future__ import annotations

import ipaddress
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from firstlight.errors import FirstlightError
from firstlight.lab.state import CACHE_DIR, read_json, write_json

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = ("trixie", "bookworm")
POCKETS = ("", "-updates", "-security")
FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(TARGET_OF)"
# Settings that decide whether the mirror can be reached and trusted at all. Everything else
# (caches, hooks, translations) is the machine's own business.
CARRIED = re.compile(
    r"^Acquire::(Check-Valid-Until|Check-Date|Retries|ForceIPv[46]|"
    r"(http|https|ftp)::(Proxy|Timeout|No-Cache|Pipeline-Depth|User-Agent)\b.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class Source:
    """One Debian repository of the machine, with the part of its suite after the codename."""

    uri: str
    pocket: str
    components: tuple[str, ...]


def os_release(text: str) -> dict[str, str]:
    """Keys and values of an os-release file."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def parse_targets(text: str, codename: str) -> list[Source]:
    """The machine's Debian sources, from ``apt-get indextargets`` in our FORMAT.

    Third parties publish under Debian's codenames too, so a source counts only if its signed
    Release file says that it is Debian's (the mirror's address is no evidence).
    """
    found: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        fields = line.split("|")
        if len(fields) != 5 or fields[3:] != ["Debian", "deb"]:
            continue
        uri, release, component = fields[:3]
        base = codename if release.startswith(codename) else "stable"
        pocket = release.removeprefix(base)
        if pocket == release or pocket not in POCKETS:
            continue
        parts = found.setdefault((uri.rstrip("/"), pocket), [])
        if component not in parts:
            parts.append(component)
    return [Source(uri, pocket, tuple(parts)) for (uri, pocket), parts in sorted(found.items())]


def render(sources: list[Source], suite: str) -> str:
    """deb822 text for ``suite`` from the machine's sources; empty if it has none."""
    stanzas = []
    for source in sources:
        stanzas.append(
            f"Types: deb\nURIs: {source.uri}\nSuites: {suite}{source.pocket}\n"
            f"Components: {' '.join(source.components)}\nSigned-By: {KEYRING}\n"
        )
    return "\n".join(stanzas)


def parse_options(text: str, environment: dict[str, str]) -> list[str]:
    """Settings of ``apt-config dump`` (and proxies of the environment) that guests need too.

    A proxy on the machine's loopback is left out: a guest cannot reach it, but has NAT.
    """
    options = []
    seen = set()
    for line in text.splitlines():
        match = re.match(r'^(\S+) "(.*)";$', line)
        if not match or not CARRIED.match(match[1]) or not match[2]:
            continue
        if "proxy" in match[1].lower() and loopback(match[2]):
            continue
        seen.add(match[1].lower())
        options.append(f'{match[1]} "{match[2]}"')
    for scheme in ("http", "https"):
        proxy = environment.get(f"{scheme}_proxy") or environment.get(f"{scheme.upper()}_PROXY")
        key = f"Acquire::{scheme}::Proxy"
        if proxy and key.lower() not in seen and not loopback(proxy) and '"' not in proxy:
            options.append(f'{key} "{proxy}"')
    return options


def loopback(url: str) -> bool:
    """Whether the host of ``url`` is the machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ask(*argv: str, timeout: float = 60) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise FirstlightError(
            "apt's configuration cannot be read", where=" ".join(argv), why=str(error)
        ) from error
    return done.stdout


def apt_sources(suite: str) -> str:
    """deb822 sources of this machine for ``suite``; empty where mmdebstrap's default must do."""
    release = os_release(Path("/etc/os-release").read_text(encoding="utf-8"))
    if release.get("ID") != "debian":
        return ""
    codename = release.get("VERSION_CODENAME", "")
    found = parse_targets(_targets(), codename)
    if not found:
        # Without downloaded lists apt does not know yet who signed what.
        _ask("apt-get", "-o", "DPkg::Lock::Timeout=120", "update", timeout=600)
        found = parse_targets(_targets(), codename)
    return render(found, suite)


def _targets() -> str:
    """apt's answer, remembered while its configuration and lists are as they were (it takes 1 s)."""
    watched = [Path("/etc/apt"), *sorted(Path("/etc/apt").rglob("*")), Path("/var/lib/apt/lists")]
    stamp = [[str(path), path.stat().st_mtime_ns] for path in watched if path.exists()]
    note = CACHE_DIR / "apt.json"
    known = read_json(note)
    if known is not None and known.get("stamp") == stamp:
        return str(known["targets"])
    answer = _ask("apt-get", "indextargets", "--format", FORMAT)
    if CACHE_DIR.is_dir() and os.access(CACHE_DIR, os.W_OK):
        write_json(note, {"stamp": stamp, "targets": answer})
    return answer


def apt_options() -> list[str]:
    """The machine's apt settings that guests need, as ``Key "value"`` (mmdebstrap's --aptopt)."""
    return parse_options(_ask("apt-config", "dump"), dict(os.environ))
