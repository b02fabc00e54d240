"""Settings of one served model: what is served, by which engine, with which resources."""

from __future__ import annotations

import re
from math import isfinite
from typing import Annotated, Literal

from pydantic import AfterValidator, ByteSize, Field, PlainValidator, StrictInt, StrictStr

from firstlight.settings.section import Section
from firstlight.settings.value import (
    HighPort,
    Listed,
    RepositoryFile,
    Seconds,
    Sha256,
    SitePath,
    Size,
    Url,
    text,
    whole,
    wrong,
)

GET_REVISION = (
    "take the commit from `hf models info ORG/NAME --expand sha` or `git ls-remote REPO-URL HEAD`"
)
GET_DIGEST = (
    "take the digest from `skopeo inspect --format '{{.Digest}}' docker://NAME:TAG` and write "
    "NAME@sha256:DIGEST, without the tag"
)
_PATH = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_IMAGE = rf"(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?/)?{_PATH}(?:/{_PATH})*@sha256:[0-9a-f]{{64}}"

_MOST_GPUS = 64

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
Pattern = Annotated[
    StrictStr, text(r"[\x21-\x7e]{1,200}", "a file pattern without spaces (example: *.safetensors)")
]


def _gpus(value: object) -> Literal[0, "all"] | tuple[int, ...]:
    if value == "all":
        return "all"
    if type(value) is int and value == 0:
        return 0
    numbers = value if isinstance(value, (list, tuple)) else ()
    if not numbers or any(type(n) is not int or not 0 <= n < _MOST_GPUS for n in numbers):
        raise wrong('0 (no GPU), "all", or a list of GPU numbers (example: [0, 1])')
    return tuple(numbers)


Gpus = Annotated[Literal[0, "all"] | tuple[int, ...], PlainValidator(_gpus)]


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


class Model(Section):
    """One model, served by one engine in one systemd unit."""

    name: ModelName = Field(description="Name under which clients ask for the model.")
    engine: Literal["vllm", "llamacpp"] = Field(description="The program that serves it.")
    repo: RepoId = Field(description='Repository on the model hub, as "organisation/name".')
    revision: Revision = Field(description="Commit of the repository, 40 hex digits.")
    file: RepositoryFile | None = Field(
        default=None, description="The GGUF file inside the repository (llamacpp only)."
    )
    include: Annotated[tuple[Pattern, ...], Listed] = Field(
        description="Patterns of the repository's files to fetch; by default what the engine reads."
    )
    sha256: dict[RepositoryFile, Sha256] = Field(
        default_factory=dict,
        description="Checksums by file, beside those that the model hub itself gives.",
    )
    bytes: Size | None = Field(
        default=None, description="Size of the weights in bytes, to check the free space first."
    )
    hub: Url | None = Field(
        default=None, description="URL of the model hub; the public one if none is given."
    )
    hub_token: SitePath | None = Field(
        default=None,
        description="File on the control machine with the model hub's token, readable by its "
        "owner only.",
    )
    image: Image = Field(description="Engine image, by digest: NAME@sha256:64 hex digits.")
    context: Context = Field(description="Longest prompt and answer together, in tokens.")
    port: HighPort = Field(
        description="TCP port of the engine on the loopback address; by default 8000 plus the "
        "model's place in the list."
    )
    gpus: Gpus = Field(default="all", description='GPUs it may use: "all", their numbers, or 0.')
    memory: Size | None = Field(
        default=None, description="Most host memory its container may use, in bytes."
    )
    shm: Size = Field(
        default=ByteSize(2**30), description="Shared memory of its container, in bytes."
    )
    concurrency: Concurrency = Field(default=32, description="Requests answered at a time.")
    start_timeout: Seconds = Field(
        default=1800, description="How long the engine may take until it answers, in seconds."
    )
    drain_timeout: Seconds = Field(
        default=60, description="How long open answers may go on at a stop, in seconds."
    )
    args: dict[FlagName, FlagValue] = Field(
        default_factory=dict, description="Further flags of the engine, without leading dashes."
    )
