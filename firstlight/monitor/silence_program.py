"""Silences the alerts of hosts for a while, or says that the silence ends soon.

Runs on a monitor (Python 3.9 or newer, nothing but the standard library). All times are those of
its own clock. A monitor that has no Alertmanager yet has nothing to silence.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

MARK = "FIRSTLIGHT-SILENCE "
SECONDS = 5


def stamp(moment: float) -> str:
    """Return a Unix time as the API reads it."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
    return f"{whole}.{int(moment % 1 * 1_000_000):06d}Z"


def silence(wanted: dict[str, Any], each: dict[str, Any], now: float) -> dict[str, Any]:
    """Return a silence as the API takes it: a new one, or that of ``id`` with another end."""
    return {
        **({"id": each["id"]} if each["id"] else {}),
        "matchers": [
            {"name": name, "value": value, "isRegex": True, "isEqual": True}
            for name, value in each["matchers"].items()
        ],
        "startsAt": stamp(each["began"] or now),
        "endsAt": stamp(now + wanted["lasts"]),
        "createdBy": "firstlight",
        "comment": wanted["comment"],
    }


def put(wanted: dict[str, Any]) -> dict[str, Any]:
    """Put the silences; return the id of each and when it began, and why others are not there."""
    now = time.time()
    # A proxy of the environment is not for the own host.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    found: list[dict[str, Any]] = []
    for each in wanted["silences"]:
        body = json.dumps(silence(wanted, each, now)).encode()
        request = urllib.request.Request(
            wanted["url"] + "/api/v2/silences", body, {"Content-Type": "application/json"}
        )
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                name = json.load(answer)["silenceID"]
        except urllib.error.HTTPError as error:
            said = error.read(300).decode("utf-8", "replace").strip()
            return {"silences": found, "error": f"{error.code}: {said}"}
        except OSError as error:
            refused = isinstance(getattr(error, "reason", error), ConnectionRefusedError)
            return {"silences": found, "error": "" if refused else str(error)}
        except (ValueError, KeyError) as error:
            return {"silences": found, "error": f"no answer of an Alertmanager: {error}"}
        found.append({"id": name, "began": each["began"] or now})
    return {"silences": found, "error": ""}
