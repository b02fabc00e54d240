"""Dashboards, and the Grafana that shows them."""
