"""Streams of events: every API's, cut anywhere, with all else in them as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firstlight.guard.events import LONGEST_EVENT, Stream, UnfilteredError, document
from tests.unit.guard.analysis import chunk, read, said, sse, texts

MAIL = "jane.doe@example.com"


def filtered(data: bytes, size: int | None = None, *, lines: bool = False) -> bytes:
    stream = Stream(texts(), lines=lines)
    step = size or max(1, len(data))
    return b"".join(
        [*[stream.feed(data[at : at + step]) for at in range(0, len(data), step)], stream.close()]
    )


def chat(*pieces: str) -> bytes:
    events = [chunk(role="assistant", content=""), *[chunk(content=each) for each in pieces]]
    usage = {"id": "c1", "choices": [], "usage": {"completion_tokens": 7}}
    return sse(*events, chunk(finish="stop"), usage, "[DONE]")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1000, None])
def test_a_chat_cut_anywhere(size: int | None) -> None:
    data = chat("Grüße an", " jane", ".doe", "@exam", "ple", ".com", " – und", " 😀", " Ende")
    found = read(filtered(data, size))
    assert said(found) == "Grüße an <EMAIL_ADDRESS> – und 😀 Ende"
    assert found[-1] == "[DONE]"
    assert found[-2]["usage"] == {"completion_tokens": 7}
    ends = [e["choices"][0]["finish_reason"] for e in found[:-2]]
    assert ends.count("stop") == 1 and ends[-1] == "stop"
    assert {e["id"] for e in found[:-1]} == {"c1"}


def test_the_last_word_comes_before_the_end() -> None:
    found = read(filtered(chat("It is ", MAIL)))
    assert [e["choices"][0]["delta"].get("content") for e in found[-4:-2]] == [
        "<EMAIL_ADDRESS>",
        None,
    ]


def test_the_last_word_comes_with_the_end_where_both_are_one_event() -> None:
    found = read(filtered(sse(chunk(content="to "), chunk(content=MAIL, finish="stop"))))
    assert len(found) == 2
    assert found[1]["choices"][0]["delta"]["content"] == "<EMAIL_ADDRESS>"


def test_a_stream_without_an_end_gives_what_is_held() -> None:
    assert said(read(filtered(sse(chunk(content=f"to {MAIL}"))))) == "to <EMAIL_ADDRESS>"


def test_several_choices_are_apart() -> None:
    halves = [MAIL[:7], MAIL[7:]]
    events = [chunk(index, content=half) for half in halves for index in (0, 1, 2)]
    ends = [chunk(index, finish="stop") for index in (0, 1, 2)]
    found = read(filtered(sse(*events, *ends, "[DONE]")))
    assert [said(found, index) for index in (0, 1, 2)] == ["<EMAIL_ADDRESS>"] * 3
    assert MAIL[:7] not in json.dumps(found)


def test_reasoning_ends_where_the_answer_begins() -> None:
    events = [chunk(reasoning_content=f"ask {MAIL}"), chunk(content="I ask"), chunk(finish="stop")]
    found = read(filtered(sse(*events)))
    order = [key for e in found for key in e["choices"][0]["delta"]]
    assert order == ["reasoning_content", "reasoning_content", "content", "content"]
    assert said(found, field="reasoning_content") == "ask <EMAIL_ADDRESS>"
    assert said(found) == "I ask"


def test_tool_calls_are_as_they_were() -> None:
    call = {"index": 0, "id": "t1", "function": {"name": "mail", "arguments": f'{{"to":"{MAIL}"}}'}}
    data = sse(chunk(content="Calling now"), chunk(tool_calls=[call]), chunk(finish="tool_calls"))
    found = read(filtered(data))
    calls = [e["choices"][0]["delta"].get("tool_calls") for e in found]
    assert [call] in calls and said(found) == "Calling now"
    assert json.dumps(found).count("t1") == 1


def test_logprobs_would_say_it_again() -> None:
    event = chunk(content=f"{MAIL} ")
    event["choices"][0]["logprobs"] = {"content": [{"token": "jane"}]}
    assert "jane" not in json.dumps(read(filtered(sse(event))))


def test_events_without_text_are_the_same_bytes() -> None:
    data = b': ping\n\nevent: x\ndata: {"a" :  1}\n\ndata: [DONE]\n\n'
    assert filtered(data) == data
    assert filtered(data.replace(b"\n", b"\r\n"), 3) == data.replace(b"\n", b"\r\n")


def typed(*events: dict[str, Any]) -> bytes:
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


def test_messages() -> None:
    delta = {"type": "content_block_delta", "index": 0}
    data = typed(
        {"type": "message_start", "message": {"content": []}},
        {**delta, "delta": {"type": "text_delta", "text": "to jane.d"}},
        {"type": "ping"},
        {**delta, "delta": {"type": "text_delta", "text": "oe@example.com"}},
        {"type": "content_block_stop", "index": 0},
    )
    found = filtered(data, 9).decode()
    assert "".join(e["delta"]["text"] for e in read(found.encode()) if "delta" in e) == (
        "to <EMAIL_ADDRESS>"
    )
    assert found.count("event: content_block_delta") == 3
    assert found.rstrip().endswith('data: {"type": "content_block_stop", "index": 0}')


def test_responses() -> None:
    delta = {"type": "response.output_text.delta", "item_id": "i", "content_index": 0}
    whole = {"type": "response.output_text.done", "item_id": "i", "text": f"to {MAIL}"}
    data = typed({**delta, "delta": "to jane"}, {**delta, "delta": ".doe@example.com"}, whole)
    found = read(filtered(data))
    assert "".join(e.get("delta", "") for e in found) == "to <EMAIL_ADDRESS>"
    assert found[-1]["text"] == "to <EMAIL_ADDRESS>"


def test_ollamas_lines() -> None:
    rows = [{"message": {"content": text}, "done": False} for text in ("to ", "jane", MAIL[4:])]
    data = "".join(
        f"{json.dumps(row)}\n" for row in [*rows, {"message": {"content": ""}, "done": True}]
    )
    found = [json.loads(line) for line in filtered(data.encode(), 4, lines=True).splitlines()]
    assert "".join(row["message"]["content"] for row in found) == "to <EMAIL_ADDRESS>"
    assert [row["done"] for row in found] == [False, False, False, True]


@pytest.mark.parametrize("data", [b"data: {oops\n\n", b"data: [1]\n\n", b"x" * (LONGEST_EVENT + 1)])
def test_what_cannot_be_read_is_not_handed_on(data: bytes) -> None:
    with pytest.raises(UnfilteredError):
        filtered(data)


def test_a_document() -> None:
    answer = {
        "choices": [{"message": {"content": f"to {MAIL}", "tool_calls": [{"x": MAIL}]}}],
        "model": "m@example.com",
    }
    found = json.loads(document(json.dumps(answer).encode(), texts()))
    assert found["choices"][0]["message"]["content"] == "to <EMAIL_ADDRESS>"
    assert found["choices"][0]["message"]["tool_calls"] == [{"x": MAIL}]
    assert found["model"] == "m@example.com"


def test_a_document_without_personal_data_is_the_same_bytes() -> None:
    data = b'{ "choices": [{"message": {"content": "nothing"}}] }'
    assert document(data, texts()) == data


def test_a_long_document() -> None:
    text = f"{'prose and ' * 5000}{MAIL}{' more prose' * 5000}"
    found = json.loads(document(json.dumps({"content": text}).encode(), texts()))
    assert found["content"] == text.replace(MAIL, "<EMAIL_ADDRESS>")
