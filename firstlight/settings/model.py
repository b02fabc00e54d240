"""Settings of one served model: what is served, by which engine, with which resources."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import ByteSize, Field

from firstlight.settings.model_part import Lora, Speculative
from firstlight.settings.model_value import (
    Concurrency,
    Context,
    Copies,
    EngineName,
    FlagName,
    FlagValue,
    Gpus,
    Hosts,
    Image,
    ModelName,
    Parallel,
    Pattern,
    Percent,
    Queue,
    RepoId,
    Revision,
    Share,
    Weight,
    WeightsUri,
    Word,
)
from firstlight.settings.secret_source import SecretSource
from firstlight.settings.section import Section
from firstlight.settings.value import (
    Domain,
    Flag,
    HighPort,
    Listed,
    RepositoryFile,
    Seconds,
    Sha256,
    Size,
    Url,
)
from firstlight.weights.source import Source


class Model(Section):
    """One model, served by one engine in one systemd unit for each of its replicas."""

    name: ModelName = Field(description="Name under which clients ask for the model.")
    engine: EngineName = Field(description="The program that serves it.")
    repo: RepoId | None = Field(
        default=None, description='Repository on the model hub, as "organisation/name".'
    )
    revision: Revision | None = Field(
        default=None, description="Commit of the repository, 40 hex digits."
    )
    weights: WeightsUri = Field(
        description="Where the weights come from; by default hf:// with repo and revision. Else "
        "ollama://NAME:TAG@sha256:…, https://…@sha256:…, s3://…@sha256:… or file:///…@sha256:… instead."
    )
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
        default=None,
        description="URL of the model hub, of the Ollama registry or of the S3 endpoint; the "
        "public one if none is given.",
    )
    hub_token: SecretSource | None = Field(
        default=None, description="Where the hub's token is (for S3 ACCESS:SECRET)."
    )
    hub_hosts: Annotated[tuple[Domain, ...], Listed] = Field(
        default=(),
        description="Further hosts that the hub sends downloads on to: the fetch reaches no others.",
    )
    image: Image = Field(description="Engine image, by digest: NAME@sha256:64 hex digits.")
    context: Context = Field(description="Longest prompt and answer together, in tokens.")
    concurrency: Concurrency = Field(default=32, description="Requests answered at a time.")
    queue: Queue | None = Field(
        default=None,
        description="Requests that may wait beside those; by default twice as many. More get 503.",
    )
    port: HighPort = Field(
        description="Number of the engine's own network, and 10000 below its gate's TCP port; by "
        "default 8000 for the first model, 8016 for the second. Further replicas take the next."
    )
    gpus: Gpus = Field(
        default="all",
        description='GPUs of each replica: "all", how many, a list of their numbers, or 0.',
    )
    gpu_memory_utilization: Share | None = Field(
        default=None,
        description="Share of each GPU's memory that it may use; models that share a GPU must say.",
    )
    replicas: Copies = Field(default=1, description="Copies of the model on the host.")
    nodes: Hosts = Field(default=1, description="Hosts that serve one copy together.")
    canary: Percent = Field(
        default=0,
        description="Keys of a hundred that are answered by this version; 0 for the stable one.",
    )
    canary_of: ModelName | None = Field(
        default=None, description="Name of the model whose next version this is; its own without."
    )
    weight: Weight = Field(
        default=1, description="Share of the requests, beside other hosts that serve the model."
    )
    tensor_parallel: Parallel | None = Field(
        default=None, description="Tensor parallel size; by default all GPUs of a host."
    )
    pipeline_parallel: Parallel | None = Field(
        default=None, description="Pipeline parallel size; by default the number of nodes."
    )
    data_parallel: Parallel | None = Field(
        default=None, description="Data parallel size inside one engine; by default 1."
    )
    expert_parallel: Flag = Field(
        default=False, description="Whether experts, not layers, are spread over the GPUs."
    )
    executor: Literal["mp", "ray"] = Field(
        default="mp", description="What joins the nodes of one copy (vllm only)."
    )
    quantization: Word | None = Field(
        default=None, description="Quantization by the engine's name; by default the checkpoint's."
    )
    kv_cache_dtype: Literal["auto", "fp8"] = Field(
        default="auto", description="Type of the KV cache: fp8 holds twice as many tokens."
    )
    lora: Annotated[tuple[Lora, ...], Listed] = Field(
        default=(), description="LoRA adapters that are offered beside the model."
    )
    speculative: Speculative | None = Field(default=None, description="Speculative decoding.")
    tool_parser: Word | None = Field(
        default=None, description="The engine's parser of tool calls; by default the catalogue's."
    )
    reasoning_parser: Word | None = Field(
        default=None, description="The engine's parser of reasoning; by default the catalogue's."
    )
    media_domains: Annotated[tuple[Domain, ...], Listed] = Field(
        default=(), description="Hosts from which images may be fetched for clients; none."
    )
    native_api: Flag = Field(
        default=False,
        description="Whether clients reach Ollama's own API too: there they can unload the model.",
    )
    memory: Size | None = Field(
        default=None, description="Most host memory its container may use, in bytes."
    )
    shm: Size = Field(
        default=ByteSize(2**30), description="Shared memory of its container, in bytes."
    )
    start_timeout: Seconds = Field(
        default=1800, description="How long the engine may take until it answers, in seconds."
    )
    drain_timeout: Seconds = Field(
        default=60, description="How long open answers may go on at a stop, in seconds."
    )
    args: dict[FlagName, FlagValue] = Field(
        default_factory=dict, description="Further flags of the engine, without leading dashes."
    )

    @cached_property
    def source(self) -> Source:
        """Where the weights come from, in its parts."""
        return Source.parse(self.weights)

    @property
    def public(self) -> str:
        """The name under which clients ask for it."""
        return self.canary_of or self.name

    @property
    def waiting(self) -> int:
        """Requests that may wait while ``concurrency`` others are answered."""
        return 2 * self.concurrency if self.queue is None else self.queue
