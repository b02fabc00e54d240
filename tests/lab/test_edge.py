"""The only door: who gets in, to which paths, and what is said to everybody else."""

from __future__ import annotations

import json
import time

import pytest

from tests.lab.client import CHAT, Answer, Client, chat
from tests.lab.rack import TestRack

# What llama.cpp's server really offers beside the API. Each would be open if the edge passed on
# what it does not know.
ENGINE_ROUTES = (
    "/", "/health", "/v1/health", "/metrics", "/props", "/slots", "/slots/0?action=erase",
    "/models", "/api/tags", "/api/show", "/completion", "/completions", "/infill", "/embedding",
    "/embeddings", "/rerank", "/v1/rerank", "/reranking", "/tokenize", "/detokenize",
    "/apply-template", "/lora-adapters", "/chat/completions", "/api/chat", "/v1/messages",
    "/v1/responses", "/index.html",
)  # fmt: skip
DETOURS = (
    "/v1/../metrics", "/v1/chat/completions/../../../props", "/v1/%2e%2e/metrics",
    "/v1/chat/completions/%2e%2e/%2e%2e/%2e%2e/props", "//metrics", "/./metrics", "/%6detrics",
    "/v1/chat/completions/", "/v1/chat/completions/x", "/V1/chat/completions", "/v1", "/v1/",
    "/models/tiny/metrics", "/models/tiny/v1/../metrics", "/models/tiny/../../metrics",
    "/models/other/v1/chat/completions", "/models/tiny", "/v1/chat%2fcompletions%2f..%2fmetrics",
    "/v1/chat/completions;/../../metrics", "/v1\\..\\metrics",
)  # fmt: skip
BAD_AUTHORIZATION = (
    None, "", "Bearer", "Bearer ", "Basic Zm9vOmJhcg==", "Bearer fl_demo_" + "x" * 43,
    "Bearer {key}x", "Bearer  {key}", "Bearer {key} {key}", "Token {key}", "{key}",
    "Bearer {half}", "Bearer {key},", "Bearer " + "k" * 4000,
)  # fmt: skip


@pytest.fixture
def client(deployed: TestRack) -> Client:
    return deployed.client("lab1")


def refused(answer: Answer, status: int, code: str) -> bool:
    """Whether the answer is our error of that status, in OpenAI's shape."""
    return answer.status == status and answer.error["code"] == code


@pytest.mark.parametrize("form", BAD_AUTHORIZATION)
def test_without_a_right_key_nobody_gets_in(client: Client, form: str | None) -> None:
    text = form and form.format(key=client.key, half=client.key[:-1])
    time.sleep(0.1)  # in a row they would be too many: 40 at once, and 10 in a second
    for answer in (
        client.ask(CHAT, chat(1), authorization=text or None),
        client.ask("/v1/models", authorization=text or None),
        client.ask("/models/tiny/v1/chat/completions", chat(1), authorization=text or None),
    ):
        assert refused(answer, 401, "invalid_api_key")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_counts_in_the_right_place_only(client: Client) -> None:
    asked = f"{CHAT}?api_key={client.key}&key={client.key}"
    headers = {"X-Api-Key": client.key, "Api-Key": client.key, "Cookie": f"key={client.key}"}
    answer = client.ask(asked, chat(1), authorization=None, headers=headers)
    assert refused(answer, 401, "invalid_api_key")


def test_a_right_key_gets_an_answer_from_each_name_of_a_model(client: Client) -> None:
    for path in (CHAT, "/models/tiny/v1/chat/completions"):
        answer = client.ask(path, chat(4), authorization=f"bearer {client.key}")
        assert answer.status == 200
        assert json.loads(answer.body)["choices"][0]["message"]["content"]
    assert "strict-transport-security" in answer.headers
    assert "server" not in answer.headers or "/" not in answer.headers["server"]


def test_the_list_of_models(client: Client) -> None:
    found = json.loads(client.ask("/v1/models").body)
    assert found["object"] == "list"
    assert [model["id"] for model in found["data"]] == ["tiny"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_on_the_list_is_not_there(client: Client, method: str) -> None:
    body = {"content": "x"} if method == "POST" else None
    answers = {path: client.ask(path, body, method=method) for path in ENGINE_ROUTES + DETOURS}
    assert [path for path, got in answers.items() if got.status != 404] == []
    assert all(answer.error["code"] == "not_found" for answer in answers.values())


def test_an_absolute_request_leads_nowhere_else(client: Client) -> None:
    assert client.ask("http://127.0.0.1:8000/metrics").status == 404
    assert client.ask("/metrics", headers={"X-Original-URL": CHAT, "Host": "x"}).status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_post_reaches_an_engine(client: Client, method: str) -> None:
    answer = client.ask(CHAT, method=method)
    assert answer.status == 405 and answer.headers["allow"] == "POST"
    assert method == "HEAD" or answer.error["code"] == "method_not_allowed"


def test_a_body_over_the_limit(client: Client) -> None:
    headers = {"Content-Length": str(33 * 2**20), "Content-Type": "application/json"}
    assert refused(client.ask(CHAT, method="POST", headers=headers), 413, "request_too_large")


def test_a_malformed_request_is_answered_in_json(client: Client) -> None:
    assert refused(client.ask("/v1/%zz"), 400, "bad_request")
    assert refused(client.ask("/v1/%00"), 400, "bad_request")
    # Above nginx's buffer of 8 kB, and small enough to be sent before it hangs up.
    assert refused(client.ask("/" + "x" * 12_000), 400, "bad_request")
    assert refused(client.ask("/", headers={"X-Long": "x" * 12_000}), 400, "bad_request")


def test_the_engines_own_errors_come_through(client: Client) -> None:
    answer = client.ask(CHAT, {"model": "tiny", "messages": "none"})
    assert answer.status in (400, 500) and b"error" in answer.body
