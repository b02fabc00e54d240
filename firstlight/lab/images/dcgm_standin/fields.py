"""Fields that the SIMULATED DCGM knows, and how each one's value is made of a GPU's readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .silicon import Gpu

Reading = Mapping[str, str]
Value = Callable[[Gpu, Reading], str | None]
"""None where DCGM has a blank, which the exporter does not show."""


def whole(key: str) -> Value:
    """A reading as an integer."""
    return lambda gpu, reading: str(int(float(reading.get(key, "0"))))


def broken(key: str, scale: float = 1.0) -> Value:
    """A reading as DCGM's floating-point numbers are shown."""
    return lambda gpu, reading: f"{float(reading.get(key, '0')) * scale:.6f}"


def counted(key: str) -> Value:
    """What has been summed up of a reading since the exporter's start."""
    return lambda gpu, reading: str(int(float(reading.get(f"sum.{key}", "0"))))


def of_data_centre(value: Value) -> Value:
    """Blank on a GeForce."""
    return lambda gpu, reading: value(gpu, reading) if gpu.profiled else None


def of_geforce(value: Value) -> Value:
    """Blank on a card without a fan of its own."""
    return lambda gpu, reading: None if gpu.profiled else value(gpu, reading)


def free(gpu: Gpu, reading: Reading) -> str:
    return str(gpu.memory - reserved_mib(gpu) - int(float(reading.get("memory_used", "0"))))


def reserved_mib(gpu: Gpu) -> int:
    """The driver keeps a share for itself: some 1.4 % of the memory."""
    return gpu.memory * 14 // 1000


def reserved(gpu: Gpu, reading: Reading) -> str:
    return str(reserved_mib(gpu))


def limit(gpu: Gpu, reading: Reading) -> str:
    return f"{gpu.limit:.6f}"


DEVICE: dict[str, Value] = {
    "SM_CLOCK": whole("sm_clock"),
    "MEM_CLOCK": whole("memory_clock"),
    "MEMORY_TEMP": of_data_centre(whole("memory_temperature")),
    "GPU_TEMP": whole("temperature"),
    "POWER_USAGE": broken("power"),
    "POWER_MGMT_LIMIT": limit,
    "ENFORCED_POWER_LIMIT": limit,
    "TOTAL_ENERGY_CONSUMPTION": counted("power"),
    "FAN_SPEED": of_geforce(whole("fan")),
    "PCIE_REPLAY_COUNTER": whole("pcie_replays"),
    "GPU_UTIL": whole("utilization"),
    "MEM_COPY_UTIL": whole("memory_utilization"),
    "ENC_UTIL": lambda gpu, reading: "0",
    "DEC_UTIL": lambda gpu, reading: "0",
    "XID_ERRORS": lambda gpu, reading: reading.get("xid"),
    "POWER_VIOLATION": counted("power_violation"),
    "THERMAL_VIOLATION": counted("thermal_violation"),
    "FB_FREE": free,
    "FB_USED": whole("memory_used"),
    "FB_RESERVED": reserved,
    "FB_TOTAL": lambda gpu, reading: str(gpu.memory),
    "ECC_SBE_VOL_TOTAL": of_data_centre(whole("ecc_single")),
    "ECC_DBE_VOL_TOTAL": of_data_centre(whole("ecc_double")),
    "ECC_SBE_AGG_TOTAL": of_data_centre(whole("ecc_single")),
    "ECC_DBE_AGG_TOTAL": of_data_centre(whole("ecc_double")),
    "UNCORRECTABLE_REMAPPED_ROWS": of_data_centre(whole("remapped_uncorrectable")),
    "CORRECTABLE_REMAPPED_ROWS": of_data_centre(whole("remapped_correctable")),
    "ROW_REMAP_FAILURE": of_data_centre(whole("remap_failed")),
    "ROW_REMAP_PENDING": of_data_centre(whole("remap_pending")),
    "NVLINK_BANDWIDTH_TOTAL": of_data_centre(counted("nvlink_rate")),
    "NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL": of_data_centre(whole("nvlink_errors")),
    "NVLINK_CRC_DATA_ERROR_COUNT_TOTAL": of_data_centre(whole("nvlink_errors")),
    "NVLINK_REPLAY_ERROR_COUNT_TOTAL": of_data_centre(whole("nvlink_errors")),
    "NVLINK_RECOVERY_ERROR_COUNT_TOTAL": of_data_centre(whole("nvlink_errors")),
    "VGPU_LICENSE_STATUS": of_data_centre(lambda gpu, reading: "0"),
}
PROFILING: dict[str, Value] = {
    "GR_ENGINE_ACTIVE": broken("utilization", 0.01),
    "SM_ACTIVE": broken("utilization", 0.009),
    "SM_OCCUPANCY": broken("utilization", 0.003),
    "PIPE_TENSOR_ACTIVE": broken("utilization", 0.006),
    "DRAM_ACTIVE": broken("memory_utilization", 0.01),
    "PCIE_TX_BYTES": whole("pcie_rate"),
    "PCIE_RX_BYTES": whole("pcie_rate"),
    "NVLINK_TX_BYTES": whole("nvlink_rate"),
    "NVLINK_RX_BYTES": whole("nvlink_rate"),
}
LABELS = {"DCGM_FI_DRIVER_VERSION"}
EXPORTER = {
    "DCGM_EXP_XID_ERRORS_COUNT",
    "DCGM_EXP_CLOCK_EVENTS_COUNT",
    "DCGM_EXP_GPU_HEALTH_STATUS",
    "DCGM_EXP_P2P_STATUS",
}
"""Names that are no fields of DCGM: the exporter itself makes their values."""

KNOWN: dict[str, Value] = {
    **{f"DCGM_FI_DEV_{name}": value for name, value in DEVICE.items()},
    **{f"DCGM_FI_PROF_{name}": value for name, value in PROFILING.items()},
}
