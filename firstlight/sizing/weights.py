"""How the bytes of the weights are spread over the cards."""

from __future__ import annotations

from firstlight.sizing.plan import Plan
from firstlight.sizing.quantization import FORMATS
from firstlight.sizing.subject import Subject

_UNEVEN = 1.01
"""Norms, routers and rounded-up parts are on every rank."""


def card_bytes(subject: Subject, plan: Plan) -> int:
    """Bytes of weights on the fullest card.

    Tensor parallel divides everything; experts are divided over the copies of data parallel,
    too; a pipeline's stages differ by a layer, and its ends hold the embeddings.
    """
    counts, of = subject.parameters, subject.architecture
    width = FORMATS[subject.quantization].embedding
    embedding = min(int(counts.embedding * width), subject.bytes // 2)
    body = subject.bytes - embedding
    experts = counts.experts / max(1, counts.total - counts.embedding)
    share = (1 - experts) + experts / plan.data
    stage = -(-of.layers // plan.pipeline) / of.layers
    ends = 1.0 if plan.pipeline == 1 or of.tied else 0.5
    uneven = _UNEVEN if plan.tensor > 1 else 1.0
    return int(uneven * (body * share * stage + embedding * ends) / plan.tensor)
