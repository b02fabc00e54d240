"""Public keys of a token issuer (a JWKS): which of them can be used, and fetching them.

The host runs this file by itself, from a timer: ``jwks SPEC``. SPEC is the JSON of
:func:`firstlight.edge.jwt.fetch_spec`. Only the standard library may be imported.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LARGEST_BYTES = 256 * 1024
FETCH_SECONDS = 20
MOST_KEYS = 64
KEYS_FILE, METRICS_FILE, PROBLEM_FILE = "jwks.json", "jwks.prom", "jwks.problem"
NAME = re.compile(r"[\x20-\x7e]{1,256}")
SMALLEST_RSA_BITS, LARGEST_RSA_BITS = 2048, 8192
P256_BYTES = 32
METRICS = """\
# HELP firstlight_edge_jwks_fetched_timestamp_seconds When the token issuer's keys were last fetched.
# TYPE firstlight_edge_jwks_fetched_timestamp_seconds gauge
firstlight_edge_jwks_fetched_timestamp_seconds {fetched}
# HELP firstlight_edge_jwks_failures_total Fetches of the token issuer's keys that failed.
# TYPE firstlight_edge_jwks_failures_total counter
firstlight_edge_jwks_failures_total {failures}
# HELP firstlight_edge_jwks_keys Keys of the token issuer that can be used.
# TYPE firstlight_edge_jwks_keys gauge
firstlight_edge_jwks_keys {keys}
"""


class UnusableError(Exception):
    """A JWKS that cannot be used; the message says why."""


def number(text: object) -> bytes | None:
    """The bytes of a base64url number without leading zeros, None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", text) or len(text) % 4 == 1:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).lstrip(b"\0")


def written(value: bytes, size: int = 0) -> str:
    return base64.urlsafe_b64encode(value.rjust(size, b"\0")).decode().rstrip("=")


def rsa(key: dict[str, Any]) -> dict[str, str] | str:
    n, e = number(key.get("n")), number(key.get("e"))
    if n is None or e is None:
        return "its modulus or exponent is no number"
    modulus, exponent = int.from_bytes(n, "big"), int.from_bytes(e, "big")
    bits = modulus.bit_length()
    if not SMALLEST_RSA_BITS <= bits <= LARGEST_RSA_BITS:
        return f"it has {bits} bits, not {SMALLEST_RSA_BITS} to {LARGEST_RSA_BITS}"
    if exponent < 3 or exponent.bit_length() > 32 or not exponent % 2 or not modulus % 2:
        return "it is no RSA key"
    return {"kty": "RSA", "alg": "RS256", "n": written(n), "e": written(e)}


def ec(key: dict[str, Any]) -> dict[str, str] | str:
    if key.get("crv") != "P-256":
        return "its curve is not P-256"
    x, y = number(key.get("x")), number(key.get("y"))
    if x is None or y is None or max(len(x), len(y)) > P256_BYTES:
        return "its coordinates are no numbers of P-256"
    points = {"x": written(x, P256_BYTES), "y": written(y, P256_BYTES)}
    return {"kty": "EC", "alg": "ES256", "crv": "P-256", **points}


def usable(key: object) -> dict[str, str] | str:
    """``key`` with what verifying needs and nothing else, or why it cannot be used.

    A key that says it is for something else (``use``, ``key_ops``, another ``alg``) is not used,
    nor is a shared secret, nor a pair whose private half is there for all to read.
    """
    if not isinstance(key, dict):
        return "it is no JWK"
    kid, operations = key.get("kid"), key.get("key_ops", ["verify"])
    named = kid is None or (isinstance(kid, str) and NAME.fullmatch(kid))
    verifies = isinstance(operations, list) and "verify" in operations
    refused = (
        ("d" in key or "k" in key, "its private half is in it"),
        (not named, "its kid is not 1 to 256 printable characters"),
        (key.get("use", "sig") != "sig" or not verifies, "it is not for verifying signatures"),
        (key.get("kty") not in ("RSA", "EC"), "it is neither RSA nor EC"),
    )
    reason = next((why for wrong, why in refused if wrong), None)
    found = reason or (rsa(key) if key["kty"] == "RSA" else ec(key))
    if isinstance(found, str):
        return found
    if key.get("alg", found["alg"]) != found["alg"]:
        return f"its alg is not {found['alg']}"
    return found if kid is None else {"kid": kid, **found}


def usable_keys(text: bytes | str, algorithms: list[str]) -> list[dict[str, str]]:
    """The keys of a JWKS that can be used. Raises :class:`UnusableError` where there is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableError("it is not JSON") from None
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise UnusableError('it has no list "keys": it is no JWKS')
    if len(listed) > MOST_KEYS:
        raise UnusableError(f"it has {len(listed)} keys, more than {MOST_KEYS}")
    keys: list[dict[str, str]] = []
    reasons = []
    for index, each in enumerate(listed):
        key = usable(each)
        if isinstance(key, dict) and key["alg"] not in algorithms:
            key = f"its algorithm {key['alg']} is not accepted"
        if isinstance(key, str):
            reasons.append(f"key {index + 1}: {key}")
        elif key not in keys:
            keys.append(key)
    if not keys:
        raise UnusableError(
            "none of its keys can be used: " + ("; ".join(reasons) or "it is empty")
        )
    return keys


def fetched(spec: dict[str, Any]) -> bytes:
    """What stands at the URL. Raises :class:`UnusableError`."""
    words = ["curl", "--silent", "--show-error", "--fail", "--proto", "=https", "--tlsv1.2"]
    words += ["--max-time", str(FETCH_SECONDS), "--max-filesize", str(LARGEST_BYTES)]
    words += ["--cacert", spec["ca"]] if spec["ca"] else []
    words += ["--header", "Accept: application/json", "--url", spec["url"]]
    try:
        done = subprocess.run(words, capture_output=True, timeout=FETCH_SECONDS + 5, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnusableError(f"curl did not run: {error}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise UnusableError(said.partition("\n")[0][:500] or f"curl ends with {done.returncode}")
    if len(done.stdout) > LARGEST_BYTES:
        raise UnusableError(f"it is larger than {LARGEST_BYTES // 1024} KiB")
    return done.stdout


def replaced(path: Path, text: str) -> None:
    """Write ``text`` so that a reader sees the old file or the new one."""
    draft = path.with_name(path.name + ".firstlight-new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    draft.replace(path)


def known(path: Path, name: str) -> int:
    """A number of the metrics as they were, 0 where there is none."""
    try:
        found = re.search(rf"^{name} (\d+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, ValueError):
        return 0
    return int(found[1]) if found else 0


def main(spec_file: str) -> int:
    """Fetch the keys once; what was there stays where that fails."""
    spec = json.loads(Path(spec_file).read_text(encoding="utf-8"))
    folder = Path(spec["folder"])
    metrics, prefix = folder / METRICS_FILE, "firstlight_edge_jwks"
    names = ("fetched_timestamp_seconds", "failures_total", "keys")
    at, failures, count = (known(metrics, f"{prefix}_{name}") for name in names)
    problem = ""
    try:
        keys = usable_keys(fetched(spec), spec["algorithms"])
        text = (
            json.dumps({"source": spec["url"], "mark": spec["mark"], "keys": keys}, indent=1) + "\n"
        )
        replaced(folder / KEYS_FILE, text)
        at, count = int(time.time()), len(keys)
    except UnusableError as error:
        problem, failures = str(error), failures + 1
    replaced(metrics, METRICS.format(fetched=at, failures=failures, keys=count))
    if problem:
        problem = f"the keys at {spec['url']} cannot be used: {problem}\n"
        sys.stderr.write(problem)
    replaced(folder / PROBLEM_FILE, problem)
    return int(bool(problem))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
