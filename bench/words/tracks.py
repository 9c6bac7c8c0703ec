"""Recordings joined with known gaps, so that it is known when words begin and end.

Where a clip's sound begins and ends is measured by its level; its first word begins there and its last one ends
there. A clip of one word gives both times of that word."""

import csv
import random
import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

RATE = 16000
HOP = RATE // 100
QUIET_DB = 35  # below the clip's loudest 10 ms: nobody speaks
CLEAR_DB, CLEAR_S = 25, 0.05  # an edge is clear where so much less makes no more difference
LONGEST_S = 8.0


@dataclass
class Edge:
    """A time that is known: of word `word` of the track's text."""
    word: int
    side: str  # start or end
    seconds: float


@dataclass
class Track:
    name: str
    samples: np.ndarray
    words: list = field(default_factory=list)
    edges: list = field(default_factory=list)


def read(path: Path) -> np.ndarray:
    """[S] f32, 16 kHz, of mono 16-bit WAV; other rates are interpolated."""
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise ValueError(f"{path}: expected mono of 16 bits, found {file.getparams()}")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        rate = file.getframerate()
    if rate == RATE:
        return samples
    at = np.arange(int(len(samples) * RATE / rate)) * rate / RATE
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)


def sounding(samples: np.ndarray, quiet_db: float = QUIET_DB) -> tuple[int, int]:
    """The samples between which somebody speaks."""
    frames = len(samples) // HOP
    power = (samples[:frames * HOP].reshape(frames, HOP) ** 2).mean(axis=1)
    loud = np.nonzero(power > power.max() * 10 ** (-quiet_db / 10))[0]
    return int(loud[0]) * HOP, int(loud[-1] + 1) * HOP


def clips(folder: Path, group: set[str]) -> list[tuple[np.ndarray, list[str]]]:
    found = []
    with open(folder / "manifest.tsv", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            path = folder / row["file"]
            wanted = row["language"] == "en" and row["group"] in group and float(row["seconds"]) <= LONGEST_S
            if wanted and path.suffix == ".wav" and row["transcript"]:
                found.append((read(path), row["transcript"].split()))
    return found


def join(name: str, parts: list, rng: random.Random) -> Track:
    """The clips in any order with 0.3 to 1.5 s between their sound, on noise at -70 dB."""
    track = Track(name, np.zeros(0, np.float32))
    pieces, at = [], 0
    for samples, words in rng.sample(parts, len(parts)):
        begin, end = sounding(samples)
        clear_begin, clear_end = sounding(samples, CLEAR_DB)
        gap = int(rng.uniform(0.3, 1.5) * RATE)
        pieces += [np.zeros(gap, np.float32), samples[begin:end]]
        at += gap
        first = len(track.words)
        track.words += words
        if clear_begin - begin <= CLEAR_S * RATE:
            track.edges.append(Edge(first, "start", at / RATE))
        at += end - begin
        if end - clear_end <= CLEAR_S * RATE:
            track.edges.append(Edge(len(track.words) - 1, "end", at / RATE))
    pieces.append(np.zeros(RATE, np.float32))
    samples = np.concatenate(pieces)
    noise = np.random.default_rng(rng.randrange(1 << 30)).standard_normal(len(samples))
    track.samples = (samples + noise * 10 ** (-70 / 20)).astype(np.float32)
    return track


def make(folder: Path, count: int) -> list[Track]:
    rng = random.Random(1)
    digits, phrases = clips(folder, {"digit"}), clips(folder, {"read", "command"})
    tracks = []
    for i in range(count):
        tracks.append(join(f"digits{i}", digits * 3, rng))
        tracks.append(join(f"phrases{i}", phrases, rng))
    return tracks


def write(track: Track, path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(track.samples, -1, 1) * 32767).round().astype("<i2").tobytes())
    return path
