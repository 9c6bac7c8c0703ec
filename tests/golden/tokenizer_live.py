"""The tokenizer against PyPI's `tokenizers`, on 2,000 strings for each tokenizer.json given.

tokenizer_live.py PROBE SMALL_JSON TOKENIZER_JSON...      (PROBE is the program tokenizer_probe)

SMALL_JSON is also tried with other pre-tokenizers, normalisers and settings of the model.

Compares encode; decode with and without special tokens, also of ids cut anywhere, so that a text
ends or begins inside a character; and the joined output of the streaming decoder. Files that do not
exist are named and left out. Ends with 77, "skipped", if `tokenizers` is not installed.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import tokenizer_strings

COUNT = 2000
SEED = 20261121


def special_tokens(file: Path) -> list[str]:
    added = [token["content"] for token in json.loads(file.read_text())["added_tokens"]]
    return random.Random(SEED).sample(added, min(40, len(added)))


def probe(program: str, file: Path, requests: list[dict]) -> list[dict]:
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([program, str(file)], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(answers) == len(requests), f"expected {len(requests)} answers, found {len(answers)}"
    return answers


def held_back(reference: str, complete: bool) -> str:
    """`tokenizers` print U+FFFD for a character cut off by the end; escuta prints nothing."""
    return reference if complete else reference[:-1]


def ends_complete(raw: bytes) -> bool:
    try:
        raw.decode("utf-8", errors="strict")
        return True
    except UnicodeDecodeError:
        pass
    return not any(0 < len(tail) and _completable(tail) for tail in (raw[-1:], raw[-2:], raw[-3:]))


def _completable(tail: bytes) -> bool:
    try:
        tail.decode("utf-8")
        return False
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start == 0


def check(program: str, file: Path) -> int:
    from tokenizers import Tokenizer

    reference = Tokenizer.from_file(str(file))
    special = {i for i, t in reference.get_added_tokens_decoder().items() if t.special}
    to_byte = _byte_level()
    texts = tokenizer_strings.strings(COUNT, SEED, special_tokens(file))
    rng = random.Random(SEED)
    requests = [{"text": text} for text in texts]
    whole = probe(program, file, requests)
    cuts = []
    for answer in whole:
        ids = answer["ids"]
        first, last = sorted((rng.randint(0, len(ids)), rng.randint(0, len(ids))))
        cuts.append({"ids": ids[first:last]})
    faults = 0

    def expect(what: str, text, found, expected) -> None:
        nonlocal faults
        if found != expected:
            faults += 1
            if faults <= 10:
                print(f"{file}: {what} of {text!r}: expected {expected!r}, found {found!r}")

    for text, answer in zip(texts, whole):
        expect("encode", text, answer["ids"], reference.encode(text, add_special_tokens=False).ids)
    for request, answer in zip(requests + cuts, whole + probe(program, file, cuts)):
        ids = answer["ids"]
        raw = b"".join(to_byte(reference.id_to_token(i)) for i in ids)
        kept = b"".join(to_byte(reference.id_to_token(i)) for i in ids if i not in special)
        text = held_back(reference.decode(ids), ends_complete(kept))
        expect("decode", request, answer["text"], text)
        expect("stream", request, answer["stream"], text)
        expect("decode with special tokens", request, answer["all"],
               held_back(reference.decode(ids, skip_special_tokens=False), ends_complete(raw)))
    print(f"{file}: {COUNT} strings, {faults} differences")
    return faults


def _byte_level():
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    other = [b for b in range(256) if b not in own]
    table = {chr(b): b for b in own} | {chr(0x100 + n): b for n, b in enumerate(other)}

    def to_byte(token: str) -> bytes:
        return bytes(table[c] for c in token) if all(c in table for c in token) else token.encode()

    return to_byte


GPT4 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level(**settings) -> dict:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | settings


def sequence(*steps: dict) -> dict:
    return {"type": "Sequence", "pretokenizers": [*steps, byte_level(use_regex=False)]}


def split(pattern: str, behavior: str, kind: str = "Regex", invert: bool = False) -> dict:
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def variants(small: dict):
    """Pairs of a name and `small` with other settings."""

    def changed(name: str, model: dict | None = None, **members):
        return name, small | members | {"model": small["model"] | (model or {})}

    yield changed("prefix_space", pre_tokenizer=byte_level(add_prefix_space=True))
    yield changed("gpt4", pre_tokenizer=sequence(split(GPT4, "Isolated")))
    yield changed("digits", pre_tokenizer={"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": True}, byte_level(add_prefix_space=True)]})
    yield changed("digit_runs", pre_tokenizer=sequence({"type": "Digits", "individual_digits": False}))
    yield changed("words", pre_tokenizer=sequence(split(r"\w+|[^\w\s]+", "Removed", invert=True)))
    yield changed("previous", pre_tokenizer=sequence(split(" ", "MergedWithPrevious", "String")))
    yield changed("next", pre_tokenizer=sequence(split(r"\s", "MergedWithNext")))
    yield changed("contiguous", pre_tokenizer=sequence(split(r"\W", "Contiguous")))
    yield changed("empty_match", pre_tokenizer=sequence(split(r"(?=\p{Lu})", "Isolated")))
    yield changed("whole", pre_tokenizer=byte_level(use_regex=False))
    yield changed("ignore_merges", model={"ignore_merges": True})
    yield changed("nfkd", normalizer={"type": "Sequence", "normalizers": [{"type": "NFKD"}]})
    kept = {token: n for token, n in small["model"]["vocab"].items() if token not in "eĠ"}
    merges = [pair for pair in small["model"]["merges"] if not set("".join(pair)) & set("eĠ")]
    vocab = {token: n for token, n in kept.items() if not set(token) & set("eĠ")}
    vocab = {token: n for n, token in enumerate(sorted(vocab, key=vocab.get))} | {"<unk>": len(vocab)}
    missing = {"vocab": vocab, "merges": merges}
    yield changed("bytes_dropped", model=missing, added_tokens=[])
    yield changed("unknown", model=missing | {"unk_token": "<unk>"}, added_tokens=[])
    yield changed("unknown_fused", model=missing | {"unk_token": "<unk>", "fuse_unk": True}, added_tokens=[])


def check_variants(program: str, small: Path) -> int:
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, contents in variants(json.loads(small.read_text())):
            file = Path(folder) / f"{name}.json"
            file.write_text(json.dumps(contents))
            faults += check(program, file)
    return faults


def main() -> int:
    program, *files = sys.argv[1:]
    try:
        import tokenizers  # noqa: F401
    except ImportError:
        print("skipped: the Python package `tokenizers` is not installed")
        return 77
    faults = check_variants(program, Path(files[0]))
    for file in map(Path, files):
        if file.exists():
            faults += check(program, file)
        else:
            print(f"{file}: not here, left out")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
