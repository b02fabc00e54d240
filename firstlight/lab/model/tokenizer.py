"""A real byte-level BPE tokenizer with 1024 entries and the ChatML special tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from firstlight.errors import FirstlightError
from firstlight.lab.model.corpus import paragraphs

VOCABULARY = 1024
PAD, BOS, START, END = "<|pad|>", "<|bos|>", "<|im_start|>", "<|im_end|>"
SPECIAL = (PAD, BOS, START, END)
"""Special tokens; their ids are 0 to 3, in this order."""

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True)
class TrainedTokenizer:
    """The tokenizer as tokenizer.json's text, and what other formats need of it."""

    text: str
    tokens: tuple[str, ...]
    """Tokens by id, in the byte-level alphabet (a space is ``Ġ``)."""
    merges: tuple[str, ...]

    def silent_ids(self) -> list[int]:
        """Ids a model must not say: special tokens and lone bytes that are no printable text.

        Without the lone bytes every stream is valid UTF-8 from the first chunk to the last.
        """
        alphabet = {chr(code) for code in range(0x21, 0x7F)} | {"Ġ", "Ċ"}
        return [
            number
            for number, token in enumerate(self.tokens)
            if token in SPECIAL or any(letter not in alphabet for letter in token)
        ]


def train() -> TrainedTokenizer:
    """Train the tokenizer on the built-in corpus; the result is the same every time."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(paragraphs(), trainer)
    data = json.loads(tokenizer.to_str())
    vocabulary: dict[str, int] = data["model"]["vocab"]
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    if len(tokens) != VOCABULARY:
        raise FirstlightError(
            f"the tiny tokenizer has {len(tokens)} entries instead of {VOCABULARY}",
            where="firstlight/lab/model",
            why="the installed tokenizers library learns differently",
            fix="install the pinned development requirements",
        )
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in data["model"]["merges"]]
    text = json.dumps(data, ensure_ascii=False, indent=1, sort_keys=False) + "\n"
    return TrainedTokenizer(text, tuple(tokens), tuple(merges))
