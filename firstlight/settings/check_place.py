"""Contradictions between the models of one host: GPUs that two use, ports that replicas take."""

from __future__ import annotations

from collections.abc import Iterator

from firstlight.catalogue import engines
from firstlight.catalogue.nvidia import gpu_cards
from firstlight.settings.host import HostSettings
from firstlight.settings.model import Model
from firstlight.settings.problem import NOTHING, Problem

_JOINING = (29501, 6379)
"""Ports at which the hosts of one copy join: of vLLM and SGLang, and of Ray."""
NETWORKS = 32768
"""How many networks of engines a host can have. Two engines whose ports are equal modulo this would
be in one."""


def place_contradictions(host: HostSettings) -> Iterator[Problem]:
    """Every contradiction between where the models of ``host`` run."""
    yield from _shared_cards(host)
    yield from _enough_cards(host)
    yield from _old_card(host)
    yield from _ports(host)
    yield from _networks(host)


def _meet(one: Model, other: Model) -> str:
    """The GPUs that both use, in words; empty for none. Counts never meet: they are chosen so."""
    if 0 in (one.gpus, other.gpus):
        return ""
    if isinstance(one.gpus, tuple) and isinstance(other.gpus, tuple):
        both = sorted(set(one.gpus) & set(other.gpus))
        return f"GPU {', '.join(map(str, both))}" if both else ""
    return "every GPU" if "all" in (one.gpus, other.gpus) else ""


def _shared_cards(host: HostSettings) -> Iterator[Problem]:
    for index, model in enumerate(host.models):
        met = {n: where for n, other in enumerate(host.models)
               if n != index and (where := _meet(model, other))}  # fmt: skip
        if not met:
            continue
        key, first = f"models[{index}].gpu_memory_utilization", next(iter(met))
        if model.gpu_memory_utilization is None:
            expected = (
                f"its share of the memory, 0.05 to 0.98, or other gpus: models[{first}] uses "
                f"{met[first]}, too"
            )
            yield Problem(host.name, key, NOTHING, expected)
        elif index < first:
            yield from _sum(host, key, [index, *met])


def _sum(host: HostSettings, key: str, sharing: list[int]) -> Iterator[Problem]:
    shares = {n: share for n in sharing if (share := host.models[n].gpu_memory_utilization)}
    lists = [gpus for n in shares if isinstance(gpus := host.models[n].gpus, tuple)]
    cards: set[int | str] = {card for gpus in lists for card in gpus} or {"all"}
    for card in sorted(cards, key=str):
        on = {n: share for n, share in shares.items() if _uses(host.models[n], card)}
        if (total := round(sum(on.values()), 4)) > 1:
            names = " and ".join(f"models[{n}]" for n in on)
            where = "the GPUs" if card == "all" else f"GPU {card}"
            found = f"{total:g} of {where} for {names}"
            yield Problem(host.name, key, found, "shares that add up to at most 1 on each GPU")
            return


def _uses(model: Model, card: int | str) -> bool:
    return card in model.gpus if isinstance(model.gpus, tuple) else True


def _enough_cards(host: HostSettings) -> Iterator[Problem]:
    """Counts take GPUs that no list names: together they may not be more than there are."""
    count = host.nvidia.count
    if count is None:
        return
    named = {n for model in host.models if isinstance(model.gpus, tuple) for n in model.gpus}
    left = count - len(named)
    for index, model in enumerate(host.models):
        if model.gpus == "all" and model.replicas > count:
            expected = f"at most {count}, a GPU for each: nvidia.count is {count}"
            yield Problem(host.name, f"models[{index}].replicas", str(model.replicas), expected)
        if isinstance(model.gpus, tuple) or model.gpus in (0, "all"):
            continue
        needed = int(model.gpus) * model.replicas
        if needed > left:
            found = f"{needed} GPUs" + (
                f" ({model.replicas} replicas)" if model.replicas > 1 else ""
            )
            expected = f"at most {max(left, 0)}: nvidia.count is {count}, others have the rest"
            yield Problem(host.name, f"models[{index}].gpus", found, expected)
        left -= needed


def _old_card(host: HostSettings) -> Iterator[Problem]:
    card = gpu_cards()[host.nvidia.card] if host.nvidia.card else None
    for index, model in enumerate(host.models):
        row = engines()[model.engine]
        if card and model.gpus != 0 and float(card.compute) < float(row.compute):
            able = [n for n, r in engines().items() if float(card.compute) >= float(r.compute)]
            expected = f"an engine for compute capability {card.compute}: {' or '.join(able)}"
            found = f"{model.engine}, which needs {row.compute}, on {card.name}"
            yield Problem(host.name, f"models[{index}].engine", found, expected)


def _ports(host: HostSettings) -> Iterator[Problem]:
    """Further replicas take the ports after the model's own, which is checked elsewhere."""
    taken = {model.port: f"models[{n}].port" for n, model in enumerate(host.models)}
    if host.edge.enabled:
        taken |= {host.edge.port: "edge.port", host.edge.http_port: "edge.http_port"}
    if any(model.nodes > 1 for model in host.models):
        taken |= dict.fromkeys(_JOINING, "joining the hosts of one copy")
    for index, model in enumerate(host.models):
        key = f"models[{index}].port"
        if taken[model.port] == "joining the hosts of one copy":
            yield Problem(
                host.name, key, str(model.port), f"another: it is for {taken[model.port]}"
            )
        for number in range(1, model.replicas):
            port = model.port + number
            if port in taken or port > 65535:
                what = f"{taken[port]} has it" if port in taken else "there is no such port"
                found = f"{model.port}, so {port} for replica {number + 1}"
                expected = f"{model.replicas} free ports in a row: {what}"
                yield Problem(host.name, key, found, expected)
                break
            taken[port] = f"{key} (replica {number + 1})"


def _networks(host: HostSettings) -> Iterator[Problem]:
    """Each engine has a network of its own, numbered after its port."""
    taken: dict[int, tuple[int, int]] = {}
    for index, model in enumerate(host.models):
        for port in range(model.port, model.port + model.replicas):
            first, other = taken.setdefault(port % NETWORKS, (index, port))
            if other != port:
                found = f"{port}, exactly {NETWORKS} from {other} of models[{first}]"
                expected = "another port: the two engines would have one network"
                yield Problem(host.name, f"models[{index}].port", found, expected)
                break
