"""Writes tokenizer_small.json and tokenizer_small_golden.jsonl, beside this file.

The first is a byte-level BPE with 1,200 tokens, trained here on the strings of tokenizer_strings.py;
it has added tokens of each kind and an NFC normaliser. The second holds what PyPI's `tokenizers`
make of 200 other strings. Both come out the same on every run with the same `tokenizers`.
"""

import json
from pathlib import Path

import tokenizer_strings
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent


def train() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1200, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(tokenizer_strings.strings(4000, 1, []), trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|notimestamps|>"])
    tokenizer.add_tokens([f"<|{n / 50:.2f}|>" for n in range(20)])
    tokenizer.add_tokens([
        AddedToken("left", lstrip=True, normalized=False),
        AddedToken("right", rstrip=True, normalized=False),
        AddedToken("word", single_word=True, normalized=False),
        AddedToken("\u212bngström", normalized=True),  # the Angstrom sign, which NFC replaces
    ])
    return tokenizer


def main() -> None:
    tokenizer = train()
    tokenizer.save(str(HERE / "tokenizer_small.json"), pretty=False)
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    with open(HERE / "tokenizer_small_golden.jsonl", "w", encoding="utf-8") as file:
        for text in tokenizer_strings.strings(200, 2, added):
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            line = {"text": text, "ids": ids, "decoded": tokenizer.decode(ids)}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
