"""What the edge itself says to clients, in the shape that OpenAI's clients understand."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One error: ``name`` is the location that says it, ``headers`` are nginx's words."""

    name: str
    status: int
    message: str
    kind: str
    code: str
    headers: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """The JSON of the answer."""
        error = {"message": self.message, "type": self.kind, "param": None, "code": self.code}
        return json.dumps({"error": error})


INVALID = "invalid_request_error"
UNAUTHORIZED = Answer(
    "unauthorized", 401, "Missing or unknown API key.", INVALID, "invalid_api_key"
)
UNAVAILABLE = Answer(
    "unavailable", 503, "The model is not answering at the moment.", "server_error",
    "model_unavailable", ("Retry-After 5",),
)  # fmt: skip
BAD_REQUEST = Answer("bad_request", 400, "The request cannot be read.", INVALID, "bad_request")
NOT_FOUND = Answer("not_found", 404, "There is nothing at this path.", INVALID, "not_found")
NOT_ALLOWED = Answer(
    "not_allowed", 405, "This path takes POST requests only.", INVALID, "method_not_allowed",
    ("Allow POST",),
)  # fmt: skip
TOO_LARGE = Answer("too_large", 413, "The request body is too large.", INVALID, "request_too_large")
TOO_MANY = Answer(
    "too_many", 429, "Too many requests at a time or in too short a time.", "rate_limit_error",
    "rate_limit_exceeded", ("Retry-After $retry_after",),
)  # fmt: skip
ANSWERS = (BAD_REQUEST, NOT_FOUND, NOT_ALLOWED, TOO_LARGE, TOO_MANY, UNAVAILABLE)
"""The errors that a location of nginx says to clients; what strangers hear a script says."""
OF_GATES = (BAD_REQUEST, NOT_FOUND, UNAVAILABLE)
"""Those that the gates of a host say to other hosts' edges."""
