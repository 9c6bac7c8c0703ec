"""The least time and memory of each row on this machine, from the model's sizes and the measured limits.

README.md has the formulas. Times in milliseconds, rates as peers_limits prints them (GFLOP/s, GB/s).
"""

import math
from dataclasses import dataclass

from shapes import Shape

BYTES = {"fp32": 4, "int8": 1}  # of a weight; of a key or value as well
FRAME_S = 0.01


@dataclass(frozen=True)
class Limits:
    fma_gflops: float
    int8_gops: float  # where int8 has no instruction of its own: fma_gflops
    read_gbs: float

    @staticmethod
    def of(measured: dict, threads: int) -> "Limits":
        def rate(name: str) -> float:
            found = measured[name]
            fits = [int(n) for n in found if int(n) <= threads]
            return found[str(max(fits))]

        fma = rate("fma_gflops")
        return Limits(fma, rate("int8_gops") if measured.get("int8_gops") else fma, rate("read_gbs"))

    def ms(self, operations: float, read: float, precision: str) -> float:
        """Computing and reading can overlap: the longer of both."""
        peak = self.int8_gops if precision == "int8" else self.fma_gflops
        return max(operations / peak, read / self.read_gbs) / 1e6


def encoder_flops(s: Shape) -> float:
    """Two convolutions of width 3, then layers: four products with [M, M], the scores and their sums, two with ffn."""
    f, m = s.positions, s.d_model
    convolutions = 2 * (2 * f) * 3 * s.mels * m + 2 * f * 3 * m * m
    layer = 2 * f * 4 * m * m + 2 * 2 * f * f * m + 2 * f * 2 * m * s.inner
    return convolutions + s.encoder_layers * layer


def encoder_weights(s: Shape) -> int:
    return 3 * s.mels * s.d_model + 3 * s.d_model ** 2 + s.encoder_layers * (
        4 * s.d_model ** 2 + 2 * s.d_model * s.inner)


def decoder_weights(s: Shape) -> int:
    """Those that every token reads: four products of its own attention, query and output of the other, ffn, vocabulary.
    Keys and values of the encoder's states are made once a window."""
    return s.decoder_layers * (6 * s.d_model ** 2 + 2 * s.d_model * s.inner) + s.vocabulary * s.d_model


def keys_values(s: Shape, positions: float) -> float:
    return 2 * s.decoder_layers * positions * s.d_model


def decoder_flops(s: Shape, batch: int, context: float) -> float:
    return 2 * batch * (decoder_weights(s) + keys_values(s, s.positions + context))


def decoder_bytes(s: Shape, batch: int, context: float, precision: str) -> float:
    """Five rows are the beams of one window: they read its keys and values once. Other rows are windows."""
    windows = 1 if batch == 5 else batch
    elements = decoder_weights(s) + windows * keys_values(s, s.positions) + batch * keys_values(s, context)
    return elements * BYTES[precision]


def log_mel_flops(s: Shape) -> float:
    """For each frame a real transform of 400 (2.5 n log2 n), the power of 201 bins, each in two triangles, one sum."""
    frames, n = 2 * s.positions, 400
    return frames * (2.5 * n * math.log2(n) + 3 * 201 + 2 * 2 * 201 + s.mels)


def weight_bytes(s: Shape, precision: str) -> float:
    """The whole model: those above, and what makes keys and values of the encoder's states."""
    crossed = s.decoder_layers * 2 * s.d_model ** 2
    return (encoder_weights(s) + decoder_weights(s) + crossed) * BYTES[precision]


@dataclass(frozen=True)
class Audio:
    """What an end-to-end row had to do: seconds heard, tokens written by the first program that counts them."""

    seconds: float
    tokens: int

    @property
    def windows(self) -> int:
        return math.ceil(self.seconds / 30)


class Bounds:
    def __init__(self, shape: Shape, precision: str, limits: Limits, context: float, disk_gbs: float):
        self.shape, self.precision, self.limits = shape, precision, limits
        self.context, self.disk_gbs = context, disk_gbs

    def of(self, row: str, audio: Audio | None = None) -> float | None:
        """Milliseconds, megabytes for memory; None where a row has no bound."""
        s, name, _, detail = self.shape, *row.partition(":")
        if name == "log_mel":
            return self.limits.ms(log_mel_flops(s), 0, "fp32")
        if name == "encoder":
            return self.limits.ms(encoder_flops(s), encoder_weights(s) * BYTES[self.precision], self.precision)
        if name == "decoder":
            return self._step(int(detail))
        if name == "load_warm":
            reading = weight_bytes(s, self.precision) / self.limits.read_gbs / 1e6
            return reading + self.of("encoder") + self._step(1)
        if name == "load_cold":
            return weight_bytes(s, self.precision) / self.disk_gbs / 1e6 + self.of("load_warm")
        if name == "memory":
            kept = keys_values(s, s.positions + self.context) * BYTES[self.precision]
            return (weight_bytes(s, self.precision) + kept) / 1e6
        return self._whole(detail, audio) if audio is not None else None

    def _step(self, batch: int) -> float:
        return self.limits.ms(decoder_flops(self.shape, batch, self.context),
                              decoder_bytes(self.shape, batch, self.context, self.precision), self.precision)

    def _whole(self, how: str, audio: Audio) -> float:
        """Every window once through features and encoder, every token a step; batched, a step serves all windows."""
        once = audio.windows * (self.of("log_mel") + self.of("encoder"))
        rows = min(16, audio.windows) if how == "batched" else 1
        steps = audio.tokens / rows
        return once + steps * self._step(5 if how == "beam5" else rows)
