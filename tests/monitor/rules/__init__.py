"""Rules and alerts, judged by promtool."""
