"""The official openai package against the edge: every answer and every error as it knows them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from tests.lab.client import Client
from tests.lab.rack import TestRack
from tests.lab.told import prompt, told

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def client(deployed: TestRack) -> Client:
    return deployed.client("lab1")


def opened(client: Client, key: str | None = None, retries: int = 0) -> openai.OpenAI:
    """The package's client at the edge's address, under its name, checking its certificate."""

    class Resolving(httpx2.HTTPTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            request.extensions = {**request.extensions, "sni_hostname": client.domain}
            request.url = request.url.copy_with(host=client.address)
            return super().handle_request(request)

    trusting = ssl.create_default_context(cafile=str(client.ca))
    return openai.OpenAI(
        base_url=f"https://{client.domain}/v1",
        api_key=key or client.key,
        http_client=httpx2.Client(transport=Resolving(verify=trusting)),
        max_retries=retries,
        timeout=30,
    )


@pytest.fixture(scope="module")
def api(client: Client) -> Iterator[openai.OpenAI]:
    with opened(client) as found:
        yield found


def test_chat(api: openai.OpenAI) -> None:
    answer = api.chat.completions.create(model="tiny", messages=HELLO, max_tokens=5)
    assert answer.choices[0].message.content
    assert answer.usage and answer.usage.completion_tokens > 0


def test_a_stream(api: openai.OpenAI) -> None:
    with api.chat.completions.create(
        model="tiny", messages=HELLO, max_tokens=20, stream=True
    ) as events:
        found = list(events)
    assert len(found) > 10
    assert [event.choices[0].finish_reason for event in found if event.choices][-1] == "length"


def test_models(api: openai.OpenAI) -> None:
    assert [model.id for model in api.models.list()] == ["tiny"]
    assert api.models.retrieve("tiny").owned_by == "firstlight"
    with pytest.raises(openai.NotFoundError) as caught:
        api.models.retrieve("other")
    assert caught.value.code == "model_not_found"


def test_an_unknown_model(api: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        api.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert "gpt-4o" in caught.value.message


@pytest.mark.parametrize("key", ["fl_demo_" + "x" * 43, "sk-proj-" + "y" * 40])
def test_a_wrong_key(client: Client, key: str) -> None:
    with opened(client, key) as stranger, pytest.raises(openai.AuthenticationError) as caught:
        stranger.models.list()
    assert caught.value.code == "invalid_api_key"


def test_what_the_engine_refuses_is_a_bad_request(api: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        api.chat.completions.create(model="tiny", messages=HELLO, temperature="hot")  # type: ignore[call-overload]
    assert caught.value.status_code in (400, 422, 500)
    with pytest.raises(openai.BadRequestError):
        api.post("/chat/completions", body=["tiny"], cast_to=object)


def test_embeddings_of_a_model_that_has_none_are_an_error(api: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        api.embeddings.create(model="tiny", input="Hello")
    assert caught.value.status_code in (400, 404, 500, 501)
    assert caught.value.message


def test_what_is_no_api_is_not_found(api: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        api.fine_tuning.jobs.list()
    assert caught.value.code == "not_found"


def test_too_large_is_told(api: openai.OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        api.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "x" * (33 * 2**20)}]
        )
    assert caught.value.status_code == 413 and caught.value.code == "request_too_large"


def test_too_many_is_a_rate_limit_and_waited_for(
    deployed: TestRack, slow_key: Path, client: Client
) -> None:
    """One request in a second: the next is refused, and comes through to whoever waits."""
    key = slow_key.read_text().strip()
    ask = {"model": "tiny", "messages": HELLO, "max_tokens": 1}
    with opened(client, key) as hasty, pytest.raises(openai.RateLimitError) as caught:
        for _ in range(5):
            hasty.chat.completions.create(**ask)  # type: ignore[call-overload]
    assert caught.value.code == "rate_limit_exceeded"
    assert int(caught.value.response.headers["retry-after"]) >= 1
    with opened(client, key, retries=3) as patient:
        for _ in range(2):
            assert patient.chat.completions.create(**ask).choices  # type: ignore[call-overload]


def test_an_engine_that_is_gone_is_a_server_error(deployed: TestRack, client: Client) -> None:
    with told(deployed, "lab1"), opened(client) as api:
        for words, error in (("one drop", openai.InternalServerError),
                             ("two refuse", openai.InternalServerError)):  # fmt: skip
            with pytest.raises(error) as caught:
                api.chat.completions.create(**prompt(words))  # type: ignore[call-overload]
            assert caught.value.status_code == 503
        # A stream that breaks is an error to the client, and never looks like its end.
        with pytest.raises((openai.APIConnectionError, httpx2.TransportError)):
            list(api.chat.completions.create(**prompt("three cut 3", True)))  # type: ignore[call-overload]
        assert api.chat.completions.create(**prompt("four say")).choices  # type: ignore[call-overload]
    assert client.answers(20)
