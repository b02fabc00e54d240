"""GPU: what every card measures, and what data-centre cards measure beside that."""

from __future__ import annotations

from firstlight.monitor.dashboards.panel import (
    BYTES,
    BYTES_PER_SECOND,
    CELSIUS,
    COUNT,
    RATIO,
    SOME,
    WATTS,
    WORDS,
    YES,
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
)
from firstlight.monitor.dashboards.scope import DATA_CENTRE, GPU, PROFILED

WHERE = 'instance=~"$instance", gpu=~"$gpu"'
HOSTS = 'instance=~"$instance"'
CARD = "{{instance}} {{gpu}}"
XIDS = (
    f"sum by (instance, xid) (firstlight_xid_total{{{HOSTS}}}) "
    "or (0 * max by (instance) (firstlight_gpu_expected"
    f"{{{HOSTS}}}) unless on (instance) firstlight_xid_total)"
)
"""A host without any is told of as well: none is a number, too."""

STATE = Row(
    "State",
    (
        Panel(
            "GPUs",
            "What was expected, what the bus shows, what can be used, and whether the driver fits.",
            COUNT,
            (
                Query(f"max by (instance) (firstlight_gpu_expected{{{HOSTS}}})", "expected"),
                Query(f"max by (instance) (firstlight_gpu_seen{{{HOSTS}}})", "on the bus"),
                Query(f"max by (instance) (firstlight_gpu_usable{{{HOSTS}}})", "usable"),
                Query(f"max by (instance) (firstlight_driver_mismatch{{{HOSTS}}})", "driver mismatch", WORDS, words=YES),
            ),
            "table", 12, 7, by=("instance",), leads=(("instance", "firstlight-host"),),
        ),
        Panel(
            "XIDs since the boot",
            "Errors of the driver by number, as the kernel told them. 79: the card fell off the bus.",
            COUNT,
            (Query(XIDS, "{{instance}} {{xid}}"),),
            "stat", 6, 7, steps=SOME,
        ),
        Panel(
            "Throttled",
            "Share of the last 5 minutes in which a card was slowed down by heat.",
            RATIO,
            (Query(f"gpu:throttled:ratio5m{{{WHERE}}}", CARD),),
            "bargauge", 6, 7, steps=((0.1, "yellow"), (0.5, "red")), least=0, most=1,
        ),
    ),
)  # fmt: skip

EVERY = Row(
    "Every card",
    (
        Panel(
            "Utilization",
            "Share of time in which the card computed anything. Full does not mean fast.",
            RATIO,
            (Query(f"gpu:utilization:ratio{{{WHERE}}}", CARD),),
            least=0, most=1,
        ),
        Panel(
            "Power",
            "Watts of each card. At its limit it is slower than it could be.",
            WATTS,
            (Query(f"gpu:power:watts{{{WHERE}}}", CARD),),
            least=0,
        ),
        Panel(
            "Temperature",
            "Of the chip. Most cards slow down from about 83 to 90 °C on.",
            CELSIUS,
            (Query(f"gpu:temperature:celsius{{{WHERE}}}", CARD),),
            steps=((83, "yellow"), (90, "red")),
        ),
        Panel(
            "Memory",
            "Used memory. Engines take nearly all of it at their start: that is no alarm.",
            BYTES,
            (Query(f"gpu:memory_used:bytes{{{WHERE}}}", CARD),),
            least=0,
        ),
        Panel(
            "What the memory holds",
            "Weights, KV cache, and the rest, of all cards of the chosen hosts.",
            BYTES,
            (
                Query(f"sum(instance:vram_weights:bytes{{{HOSTS}}}) or vector(0)", "weights"),
                Query(f"sum(instance:vram_kv:bytes{{{HOSTS}}}) or vector(0)", "KV cache"),
                Query(f"sum(instance:vram_other:bytes{{{HOSTS}}})", "other"),
            ),
            stacked=True, least=0,
        ),
        Panel(
            "Clock",
            "Clock of the streaming multiprocessors.",
            "rotmhz",
            (Query(f"DCGM_FI_DEV_SM_CLOCK{{{WHERE}}}", CARD),),
            least=0,
        ),
    ),
)  # fmt: skip

CENTRE = Row(
    "Data-centre cards",
    (
        Panel(
            "Tensor cores",
            "Share of time in which they worked: what a model really uses of the card.",
            RATIO,
            (Query(f"DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{{{WHERE}}}", CARD),),
            needs=(PROFILED,), least=0, most=1,
        ),
        Panel(
            "Memory bandwidth",
            "Share of time in which memory was read or written. Decoding is bound by it.",
            RATIO,
            (Query(f"DCGM_FI_PROF_DRAM_ACTIVE{{{WHERE}}}", CARD),),
            needs=(PROFILED,), least=0, most=1,
        ),
        Panel(
            "Memory temperature",
            "Of the card's memory.",
            CELSIUS,
            (Query(f"DCGM_FI_DEV_MEMORY_TEMP{{{WHERE}}}", CARD),),
            steps=((95, "yellow"), (100, "red")),
        ),
        Panel(
            "PCIe",
            "Bytes per second to the card and from it.",
            BYTES_PER_SECOND,
            (
                Query(f"DCGM_FI_PROF_PCIE_RX_BYTES{{{WHERE}}}", f"{CARD} in"),
                Query(f"DCGM_FI_PROF_PCIE_TX_BYTES{{{WHERE}}}", f"{CARD} out"),
            ),
            needs=(PROFILED,), least=0,
        ),
        Panel(
            "Memory errors",
            "ECC errors since the driver was loaded. One that was not corrected: see GpuEccUncorrectable.",
            COUNT,
            (
                Query(f"DCGM_FI_DEV_ECC_SBE_VOL_TOTAL{{{WHERE}}}", f"{CARD} corrected"),
                Query(f"DCGM_FI_DEV_ECC_DBE_VOL_TOTAL{{{WHERE}}}", f"{CARD} not corrected"),
            ),
            least=0,
        ),
        Panel(
            "Remapped rows",
            "Rows of memory that were replaced by spare ones. Failed: the card has to be changed.",
            COUNT,
            (
                Query(f"DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS{{{WHERE}}}", f"{CARD} corrected"),
                Query(f"DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS{{{WHERE}}}", f"{CARD} not corrected"),
                Query(f"DCGM_FI_DEV_ROW_REMAP_FAILURE{{{WHERE}}}", f"{CARD} failed"),
            ),
            least=0,
        ),
    ),
    needs=(DATA_CENTRE,),
)  # fmt: skip

GPUS = Dashboard(
    "firstlight-gpu",
    "GPU",
    "Load, memory, power, heat and errors of the cards.",
    (STATE, EVERY, CENTRE),
    (
        Variable("instance", "Host", "gpu:utilization:ratio", "instance"),
        Variable("gpu", "GPU", 'gpu:utilization:ratio{instance=~"$instance"}', "gpu"),
    ),
    needs=(GPU,),
)
