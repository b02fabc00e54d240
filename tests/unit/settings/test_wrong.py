"""Every kind of bad input is one problem that says host, key, found, expected and nearest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firstlight.settings import Problem

Data = dict[str, Any]


class Long(int):
    """Python itself refuses to print a number this long, even as a test's name."""

    def __str__(self) -> str:
        return "long"

    __repr__ = __str__


DIGEST = "sha256:" + "a" * 64

TOP: list[tuple[str, Any, str]] = [
    ("domain", "bad_domain!", 'domain: found "bad_domain!", expected a DNS name or an IP address'),
    ("domain", "https://llm.example.net", 'domain: found "https://llm.example.net", expected a DN'),
    ("domain", "10.0.0.999", 'domain: found "10.0.0.999", expected a DNS name'),
    ("domain", "*.example.net", 'domain: found "*.example.net", expected a DNS name'),
    ("domain", "a" * 64 + ".net", "domain: found "),
    ("domain", "", 'domain: found "", expected a DNS name'),
    ("domain", "llm.example.net.", "domain: found "),
    ("domain", 5, "domain: found 5, expected a text"),
    ("domain", None, "domain: found nothing, expected a DNS name or an IP address: the host has"),
    ("address", "fe80::1%eth0", "address: found "),
    ("site", "Lab/..", 'site: found "Lab/..", expected lower-case letters'),
    ("models", "tiny", 'models: found "tiny", expected a list'),
    ("models", [5], "models[0]: found 5, expected a mapping"),
    ("models", [], "models: found nothing, expected at least one model: the host is in the group"),
    ("dokcer", {}, 'dokcer: unknown key; did you mean "docker"?'),
    (
        "zzz",
        1,
        "zzz: unknown key, expected one of site, address, domain, base, firewall, ssh, docker, hardening, models",
    ),
    ("docker_source", "docker", 'docker_source: unknown key; did you mean "docker"?'),
    ("groups", ["gpu"], "groups: found a list, expected no such key: it comes from the inventory"),
    ("base", 5, "base: found 5, expected a mapping"),
    ("base", {"packages": "htop"}, 'base.packages: found "htop", expected a list'),
    (
        "base",
        {"packages": ["a b"]},
        'base.packages[0]: found "a b", expected the name of a package',
    ),
    ("base", {"time_sync": "yes"}, 'base.time_sync: found "yes", expected True or False'),
    ("base", {"time_sync": 1}, "base.time_sync: found 1, expected True or False"),
    ("base", {"apt_lock_timeout": 0}, "base.apt_lock_timeout: found 0, expected a time in seconds"),
    ("base", {"apt_lock_timeout": 1.5}, "base.apt_lock_timeout: found 1.5, expected a whole numb"),
    ("docker", {"source": "dokcer"}, 'docker.source: found "dokcer", expected "distribution" or'),
    ("docker", {"daemon": []}, "docker.daemon: found a list, expected a mapping"),
    ("docker", {"daemon": {"x": object()}}, "docker.daemon.x: found an object of type object"),
    ("docker", {"daemon": {"live-restore": True}}, 'docker.daemon["live-restore"]: found a value'),
    ("docker", {"daemon": {"features": {"cdi": False}}}, 'docker.daemon["features"]: found a val'),
    ("docker", {"daemon": {"default-runtime": "nvidia"}}, 'docker.daemon["default-runtime"]: fou'),
    ("docker", {"registries": {"UP/": {}}}, 'docker.registries["UP/"]: found "UP/", expected a re'),
    ("docker", {"registries": {"r:5000": {"cA": 1}}}, 'docker.registries["r:5000"].cA: unknown k'),
    ("docker", {"registries": {"r": {"ca": "no.crt"}}}, 'docker.registries["r"].ca: found no file'),
    ("edge", {"port": "443"}, 'edge.port: found "443", expected a whole number, without quotes'),
    ("edge", {"port": True}, "edge.port: found True, expected a whole number"),
    ("edge", {"port": 70000}, "edge.port: found 70000, expected a TCP port from 1 to 65535"),
    ("edge", {"port": 80}, "edge.http_port: found 80, expected a port of its own: edge.port"),
    ("edge", {"port": 8000}, "models[0].port: found 8000, expected a port of its own: edge.port"),
    ("edge", {"body_limit": "32 MB"}, 'edge.body_limit: found "32 MB", expected a size as nginx'),
    ("edge", {"body_limit": "0"}, 'edge.body_limit: found "0", expected a size as nginx'),
    ("edge", {"tls": {"leaf_days": 4000}}, "edge.tls.leaf_days: found 4000, expected a life in"),
    ("edge", {"api_keys": "no.toml"}, "edge.api_keys: the API key file is missing ("),
    ("edge", {"api_keys": "a\0b"}, "edge.api_keys: found "),
    ("ready", {"prompt": " "}, 'ready.prompt: found " ", expected 1 to 4000 characters'),
    ("ready", {"max_tokens": -1}, "ready.max_tokens: found -1, expected a number of tokens"),
]

MODEL: list[tuple[str, Any, str]] = [
    ("engin", "vllm", 'models[0].engin: unknown key; did you mean "engine"?'),
    ("name", "a b", 'models[0].name: found "a b", expected a model name of letters'),
    ("name", "../x", 'models[0].name: found "../x", expected a model name'),
    ("engine", "vlm", 'models[0].engine: found "vlm", expected "vllm", "ollama", "sglang", '),
    ("engine", "vllm", 'models[0].file: found "tiny.gguf", expected no file: vllm serves the who'),
    ("repo", "tiny", 'models[0].repo: found "tiny", expected a repository of the model hub'),
    ("repo", "a/../b", 'models[0].repo: found "a/../b", expected a repository'),
    ("revision", "main", 'models[0].revision: found "main", expected a commit of 40 hex digits: a'),
    ("revision", None, "models[0].revision: found nothing, expected commit of the "),
    ("file", None, "models[0].file: found nothing, expected the GGUF file inside firstlight/tiny"),
    ("file", "../x.gguf", 'models[0].file: found "../x.gguf", expected a path inside'),
    ("file", "/x.gguf", 'models[0].file: found "/x.gguf", expected a path inside'),
    ("file", "x.bin", 'models[0].file: found "x.bin", expected a file that ends in .gguf'),
    ("sha256", {"x": "abc"}, 'models[0].sha256.x: found "abc", expected a SHA-256 sum'),
    ("sha256", {"../x": "0" * 64}, 'models[0].sha256["../x"]: found "../x", expected a path'),
    ("bytes", "16 loaves", 'models[0].bytes: found "16 loaves", expected a size'),
    ("bytes", True, "models[0].bytes: found True, expected a size"),
    ("bytes", -1, "models[0].bytes: found -1, expected a size above 0"),
    ("hub", "ftp://x", 'models[0].hub: found "ftp://x", expected an http or https URL'),
    ("hub", "http://x:y", 'models[0].hub: found "http://x:y", expected an http or https URL'),
    ("hub_token", "no.token", "models[0].hub_token: the file of the hub's token is missing ("),
    ("image", "vllm/vllm-openai:v1", 'models[0].image: found "vllm/vllm-openai:v1", expected an'),
    ("image", "a@sha256:1", 'models[0].image: found "a@sha256:1", expected an image by digest'),
    ("image", f"a:1@{DIGEST}", 'models[0].image: found "a:1@sha256:aaaa'),
    ("image", f"UPPER/Case@{DIGEST}", 'models[0].image: found "UPPER/Case@sha256:'),
    ("context", 128, "models[0].context: found 128, expected a number of tokens from 256"),
    (
        "context",
        Long(10**5000),
        "models[0].context: found a very long number, expected a number of tok",
    ),
    ("port", 80, "models[0].port: found 80, expected an unprivileged TCP port from 1024 to 65535"),
    ("gpus", "0", 'models[0].gpus: found "0", expected 0 (no GPU), how many'),
    ("gpus", False, "models[0].gpus: found False, expected 0 (no GPU)"),
    ("gpus", [], "models[0].gpus: found a list, expected 0 (no GPU)"),
    ("gpus", [True], "models[0].gpus: found a list, expected 0 (no GPU)"),
    ("gpus", [0, 1, 0], "models[0].gpus: found GPU 0 more than once, expected each GPU at most"),
    ("concurrency", 0, "models[0].concurrency: found 0, expected a number of requests from 1"),
    ("start_timeout", float("inf"), "models[0].start_timeout: found inf, expected"),
    ("include", {"*"}, "models[0].include: found a set, expected a list"),
    ("args", {"--x": 1}, 'models[0].args["--x"]: found "--x", expected a flag of the engine, wit'),
    ("args", {"x": [1]}, "models[0].args.x: found a list, expected a text on one line"),
    ("args", {"x": "--tools"}, 'models[0].args.x: found "--tools", expected a text on one line'),
    ("args", {"x": "-m"}, 'models[0].args.x: found "-m", expected a text on one line'),
    ("args", {"x": "a\nb"}, 'models[0].args.x: found "a\\nb", expected a text on one line'),
    ("args", {"x": float("nan")}, "models[0].args.x: found nan, expected a text on one line"),
    ("args", {"port": 1}, 'models[0].args["port"]: found the flag port of llamacpp, expected no s'),
    ("args", {"c": 1}, 'models[0].args["c"]: found the flag c of llamacpp, expected no such flag'),
    ("args", {"tools": "all"}, 'models[0].args["tools"]: found the flag tools of llamacpp, expe'),
]


def only(found: list[Problem]) -> str:
    assert len(found) == 1, [str(problem) for problem in found]
    return str(found[0])


@pytest.mark.parametrize(("key", "value", "text"), TOP)
def test_top_level(
    key: str, value: Any, text: str, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    data[key] = value
    assert only(problems(data)).startswith(f"gpu1: {text}")


@pytest.mark.parametrize(("key", "value", "text"), MODEL)
def test_model(
    key: str, value: Any, text: str, data: Data, problems: Callable[..., list[Problem]]
) -> None:
    data["models"][0][key] = value
    assert only(problems(data)).startswith(f"gpu1: {text}")
