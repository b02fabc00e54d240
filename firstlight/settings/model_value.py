"""The kinds of value that only models have."""

from __future__ import annotations

import re
from math import isfinite
from typing import Annotated, Literal

from pydantic import AfterValidator, PlainValidator, StrictInt, StrictStr

from firstlight.settings.value import text, whole, wrong
from firstlight.weights.source import EXAMPLES, Source, SourceError

GET_REVISION = (
    "take the commit from `hf models info ORG/NAME --expand sha` or `git ls-remote REPO-URL HEAD`, "
    "or leave it out and run `firstlight lock INVENTORY`"
)
GET_DIGEST = (
    "write NAME:TAG and run `firstlight lock INVENTORY`, or take the digest from `skopeo inspect "
    "--format '{{.Digest}}' docker://NAME:TAG` and write NAME@sha256:DIGEST, without the tag"
)
_PATH = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_IMAGE = rf"(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*@sha256:[0-9a-f]{{64}}"

_MOST_GPUS = 64

EngineName = Literal["vllm", "ollama", "sglang", "llamacpp", "tgi", "triton"]
ModelName = Annotated[
    StrictStr,
    text(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
        "a model name of letters, digits, '.', '_' and '-', at most 63 (example: qwen3-8b)",
    ),
]
RepoId = Annotated[
    StrictStr,
    text(
        r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?<!\.git)",
        'a repository of the model hub, as "organisation/name" (example: Qwen/Qwen3-8B)',
    ),
]
Revision = Annotated[
    StrictStr,
    text(r"[0-9a-f]{40}", "a commit of 40 hex digits: a branch or tag can move", GET_REVISION),
]
Image = Annotated[
    StrictStr,
    text(_IMAGE, "an image by digest, NAME@sha256:64 hex digits: a tag can move", GET_DIGEST),
]
Context = Annotated[StrictInt, AfterValidator(whole(256, 2**24, "a number of tokens"))]
Concurrency = Annotated[StrictInt, AfterValidator(whole(1, 4096, "a number of requests"))]
Queue = Annotated[StrictInt, AfterValidator(whole(0, 65536, "a number of requests"))]
Copies = Annotated[StrictInt, AfterValidator(whole(1, 16, "a number of copies"))]
Percent = Annotated[StrictInt, AfterValidator(whole(0, 50, "a percentage"))]
Weight = Annotated[StrictInt, AfterValidator(whole(1, 100, "a weight"))]
Hosts = Annotated[StrictInt, AfterValidator(whole(1, 16, "a number of hosts"))]
Parallel = Annotated[StrictInt, AfterValidator(whole(1, 1024, "a number of GPUs"))]
Tokens = Annotated[StrictInt, AfterValidator(whole(1, 64, "a number of tokens"))]
Rank = Annotated[StrictInt, AfterValidator(whole(1, 512, "a rank"))]
Pattern = Annotated[
    StrictStr, text(r"[\x21-\x7e]{1,200}", "a file pattern without spaces (example: *.safetensors)")
]
Word = Annotated[
    StrictStr, text(r"[A-Za-z0-9][\w.-]{0,63}|", "a name of letters, digits, '.', '_' and '-'")
]


def _gpus(value: object) -> int | Literal["all"] | tuple[int, ...]:
    if value == "all":
        return "all"
    if type(value) is int and 0 <= value <= _MOST_GPUS:
        return value
    numbers = value if isinstance(value, (list, tuple)) else ()
    if not numbers or any(type(n) is not int or not 0 <= n < _MOST_GPUS for n in numbers):
        raise wrong(
            '0 (no GPU), how many (example: 4), "all", or a list of GPU numbers (example: [0, 1])'
        )
    return tuple(numbers)


Gpus = Annotated[int | Literal["all"] | tuple[int, ...], PlainValidator(_gpus)]


def _share(value: object) -> float:
    number = float(value) if isinstance(value, float) or type(value) is int else -1.0
    if not 0.05 <= number <= 0.98:
        raise wrong("a share of the GPU's memory from 0.05 to 0.98")
    return number


Share = Annotated[float, PlainValidator(_share)]


def _weights(value: object) -> str:
    """The URI of something that can never mean other bytes, as it is kept."""
    if not isinstance(value, str):
        raise wrong("weights such as hf://ORG/NAME@COMMIT")
    try:
        source = Source.parse(value)
    except SourceError as error:
        raise wrong(str(error)) from None
    if not source.pinned:
        expected = f"weights that are pinned, such as {EXAMPLES[source.scheme]}"
        raise wrong(expected, "run `firstlight lock INVENTORY`")
    return str(source)


WeightsUri = Annotated[str, PlainValidator(_weights)]


def _argument(value: object) -> bool | int | float | str:
    """One flag's value: never something that the engine could read as another flag."""
    if isinstance(value, str):
        if len(value) <= 4096 and value.isprintable() and not re.match("-[-A-Za-z]", value):
            return str(value)
    elif isinstance(value, (bool, int)) or (isinstance(value, float) and isfinite(value)):
        return value
    raise wrong("a text on one line that does not begin like a flag, a number, True or False")


FlagName = Annotated[
    StrictStr,
    text(
        r"[A-Za-z0-9][A-Za-z0-9.-]{0,80}",
        "a flag of the engine, without leading dashes and with '-' for '_' (example: max-num-seqs)",
    ),
]
FlagValue = Annotated[bool | int | float | str, PlainValidator(_argument)]
