"""Edge & keys: who uses how much, who is held back, and how the public door does."""

from __future__ import annotations

from firstlight.monitor.dashboards.panel import (
    BYTES_PER_SECOND,
    COUNT,
    DAYS_LEFT,
    REQUESTS,
    SECONDS,
    WORDS,
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
    quantiles,
)
from firstlight.monitor.dashboards.scope import EDGE as HAS_EDGE

KEYS = 'key=~"$key"'
USED = 'key=~"$key", model=~"$model", instance=~"$instance"'
MODELS = 'model=~"$model"'
HOSTS = 'instance=~"$instance"'
TOKEN = {0: ("no token", "red"), 1: ("answers", "green")}


def _rate(metric: str, by: str, where: str = USED) -> str:
    return f"sum by ({by}) (rate({metric}{{{where}}}[5m]))"


RETRIES = (
    f"{_rate('firstlight_edge_retries_total', 'model')} "
    f"or 0 * {_rate('firstlight_edge_requests_total', 'model')}"
)
"""The edge counts the first one when it happens: until then there are none."""

BY_KEY = Row(
    "Keys",
    (
        Panel(
            "Requests of each key",
            "Requests per second. Nobody known is “-”.",
            REQUESTS,
            (Query(f"key:edge_requests:rate5m{{{KEYS}}}", "{{key}}"),),
            stacked=True, least=0,
        ),
        Panel(
            "Held back",
            "Requests per second that a key's limit refused (429).",
            REQUESTS,
            (Query(f"key:edge_limited:rate5m{{{KEYS}}}", "{{key}}"),),
            stacked=True, least=0,
        ),
        Panel(
            "Bytes of answers",
            "Sent to each key, heads included.",
            BYTES_PER_SECOND,
            (Query(_rate("firstlight_edge_sent_bytes_total", "key"), "{{key}}"),),
            stacked=True, least=0,
        ),
        Panel(
            "Use in the chosen time",
            "Requests and bytes of each key and model over the time chosen above.",
            COUNT,
            (
                Query(f"sum by (key, model) (increase(firstlight_edge_requests_total{{{USED}}}[$__range]))", "requests"),
                Query(f"sum by (key, model) (increase(firstlight_edge_sent_bytes_total{{{USED}}}[$__range]))", "sent", "bytes"),
                Query(f"sum by (key, model) (increase(firstlight_edge_received_bytes_total{{{USED}}}[$__range]))", "received", "bytes"),
            ),
            "table", 24, 8, by=("key", "model"), leads=(("model", "firstlight-model"),),
        ),
    ),
)  # fmt: skip

ANSWERS = Row(
    "Answers",
    (
        Panel(
            "Answers by status",
            "Requests per second. 401: no key or an unknown one; 429: a limit; 499: the client left.",
            REQUESTS,
            (Query(_rate("firstlight_edge_requests_total", "code"), "{{code}}"),),
            stacked=True, least=0,
        ),
        Panel(
            "First byte at the edge",
            "From the request's first byte to the answer's first.",
            SECONDS,
            quantiles("model:edge_ttft_seconds", MODELS, "{{model}}"),
            least=0,
        ),
        Panel(
            "Whole answers at the edge",
            "From the request's first byte to the answer's last.",
            SECONDS,
            quantiles("model:edge_e2e_seconds", MODELS, "{{model}}"),
            least=0,
        ),
        Panel(
            "Second tries",
            "Requests per second that another replica got, because the first one failed.",
            REQUESTS,
            (Query(RETRIES, "{{model}}"),),
            least=0,
        ),
        Panel(
            "Connections",
            "nginx's connections now, those to engines included.",
            COUNT,
            (Query(f"sum by (instance, state) (firstlight_edge_connections{{{HOSTS}}})", "{{instance}} {{state}}"),),
            least=0,
        ),
    ),
)  # fmt: skip

DOOR = Row(
    "The public door",
    (
        Panel(
            "First token from outside",
            "Whether a probe with a real key, through the public URL, saw a token.",
            WORDS,
            (Query(f'max by (instance, model) (probe_success{{job="public", {HOSTS}, {MODELS}}})', "{{instance}} {{model}}"),),
            "stat", 8, 6, words=TOKEN,
        ),
        Panel(
            "Duration of the probe",
            "From the look-up of the name to the end of the answer.",
            SECONDS,
            (Query(f'probe_duration_seconds{{job="public", {HOSTS}, {MODELS}}}', "{{instance}} {{model}}"),),
            width=8, height=6, least=0,
        ),
        Panel(
            "Certificate ends in",
            "Of what the public URL shows.",
            SECONDS,
            (Query(f'min by (instance) (firstlight_certificate_not_after_seconds{{job="node", {HOSTS}, name="edge"}}) - time()', "{{instance}}"),),
            "stat", 8, 6, steps=DAYS_LEFT,
        ),
    ),
)  # fmt: skip

EDGE = Dashboard(
    "firstlight-edge",
    "Edge & keys",
    "Who uses how much, who is held back, and how the public door does.",
    (BY_KEY, ANSWERS, DOOR),
    (
        Variable("key", "Key", "key:edge_requests:rate5m", "key"),
        Variable("model", "Model", "firstlight_edge_requests_total", "model"),
        Variable("instance", "Edge", "firstlight_edge_requests_total", "instance"),
    ),
    needs=(HAS_EDGE,),
)
