"""The sizes of Whisper models, by the names that openai gave them, and from a checkpoint."""

from dataclasses import dataclass, replace

import checkpoint

# Of every Whisper: <|endoftext|> <|startoftranscript|>, languages, <|translate|> <|transcribe|>
# <|startoflm|> <|startofprev|> <|nospeech|> <|notimestamps|>, then <|0.00|> to <|30.00|>.
SPECIAL_TOKENS = 8
TIMESTAMPS = 1501


@dataclass(frozen=True)
class Shape:
    d_model: int
    heads: int
    encoder_layers: int
    decoder_layers: int
    mels: int = 80
    text_tokens: int = 50257  # 50256 in English-only models
    languages: int = 99
    positions: int = 1500     # of the encoder, in a window
    context: int = 448        # of the decoder
    ffn: int = 0              # 0: four times d_model

    @property
    def vocabulary(self) -> int:
        return self.text_tokens + SPECIAL_TOKENS + self.languages + TIMESTAMPS

    @property
    def inner(self) -> int:
        return self.ffn or 4 * self.d_model


_TINY = Shape(384, 6, 4, 4)
SHAPES = {
    "tiny": _TINY,
    "tiny.en": replace(_TINY, text_tokens=50256),
    "base": Shape(512, 8, 6, 6),
    "small": Shape(768, 12, 12, 12),
    "medium": Shape(1024, 16, 24, 24),
    "large-v3": Shape(1280, 20, 32, 32, mels=128, languages=100),
    "turbo": Shape(1280, 20, 32, 4, mels=128, languages=100),
}


def parse(text: str) -> Shape:
    """A name, or sizes after one another: `d_model=64,heads=2,encoder_layers=1,decoder_layers=1`."""
    if text in SHAPES:
        return SHAPES[text]
    try:
        return Shape(**{key: int(value) for key, value in (part.split("=") for part in text.split(","))})
    except (TypeError, ValueError):
        raise SystemExit(f"expected one of {', '.join(SHAPES)}, or d_model=N,heads=N,encoder_layers=N,"
                         f"decoder_layers=N[,mels=N ...], found `{text}`") from None


def of_checkpoint(path) -> Shape:
    """The sizes of a model.bin."""
    found = checkpoint.read(path)
    layers = {side: sum(name.startswith(f"{side}/layer_") and name.endswith("/ffn/linear_0/weight") for name in found)
              for side in ("encoder", "decoder")}
    vocabulary, d_model = found["decoder/embeddings/weight"].shape
    languages = 100 if vocabulary > 51865 else 99
    return Shape(d_model=d_model, heads=int(found["decoder/num_heads"]), encoder_layers=layers["encoder"],
                 decoder_layers=layers["decoder"], mels=found["encoder/conv1/weight"].shape[1],
                 text_tokens=vocabulary - SPECIAL_TOKENS - languages - TIMESTAMPS, languages=languages,
                 positions=found["encoder/position_encodings/encodings"].shape[0],
                 context=found["decoder/position_encodings/encodings"].shape[0],
                 ffn=found["decoder/layer_0/ffn/linear_0/weight"].shape[0])
