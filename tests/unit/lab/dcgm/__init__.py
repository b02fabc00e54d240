"""The SIMULATED DCGM exporter, as a process and as values."""
