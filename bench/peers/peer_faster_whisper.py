"""faster-whisper on CTranslate2: variants are CTranslate2's compute types."""

import time
from pathlib import Path

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.tokenizer import Tokenizer

from absent import Absent
from features import RATE

WINDOW_S = 30
SHORT = 8  # steps of the generation that is subtracted


class Peer:
    def __init__(self, folder: Path, variant: str, threads: int):
        self.model = WhisperModel(str(folder), device="cpu", compute_type=variant, cpu_threads=threads,
                                  local_files_only=True)
        self.n_mels = self.model.feature_extractor.mel_filters.shape[0]

    def log_mel(self, samples: np.ndarray) -> np.ndarray:
        return self.model.feature_extractor(samples, padding=0)

    def encode(self, features: np.ndarray) -> StorageView:
        return self.model.encode(features)

    def first_token(self, features: np.ndarray) -> None:
        prompt = self._prompt()
        self._generate(self.encode(features), prompt, 1, 1)

    def step_ms(self, features: np.ndarray, batch: int, context: int, steps: int, repeat: int) -> list[float]:
        """A long generation less a short one, the least of each: the prompt, and what is done once a window, fall
        out, and noise is not taken for speed. Five rows are one window's beams, other numbers are windows."""
        beam, rows = (batch, 1) if batch == 5 else (1, batch)
        states = StorageView.from_array(np.repeat(np.array(self.encode(features)), rows, axis=0))
        prompt = self._prompt()
        tokens = self._tokens()
        text = [(1000 + 37 * i) % tokens.eot for i in range(context - 1 - len(prompt))]
        prompt = [tokens.sot_prev, *text, *prompt]
        best = {SHORT: float("inf"), SHORT + steps: float("inf")}
        for _ in range(repeat):
            for count in best:
                began = time.perf_counter()
                self._generate(states, prompt, count, beam)
                best[count] = min(best[count], (time.perf_counter() - began) * 1e3)
        if best[SHORT + steps] <= best[SHORT]:
            raise Absent("the machine was too busy for a difference of two times")
        return [(best[SHORT + steps] - best[SHORT]) / steps]

    def _tokens(self) -> Tokenizer:
        return Tokenizer(self.model.hf_tokenizer, self.model.model.is_multilingual, task="transcribe", language="en")

    def _prompt(self) -> list[int]:
        tokens = self._tokens()
        return [*tokens.sot_sequence, tokens.no_timestamps]

    def _generate(self, states: StorageView, prompt: list[int], count: int, beam: int) -> None:
        """Just `count` tokens a row, for the end of text is suppressed. CTranslate2's max_length counts the prompt but
        for its last token."""
        rows = states.shape[0]
        results = self.model.model.generate(states, [prompt] * rows, beam_size=beam, max_length=len(prompt) + count - 1,
                                            suppress_blank=False, suppress_tokens=[self._tokens().eot])
        found = {len(result.sequences_ids[0]) for result in results}
        if found != {count}:
            raise RuntimeError(f"generate: expected {count} tokens in each of {rows} rows, found {found}")

    def transcribe(self, samples: np.ndarray, language: str, beam: int = 1, batch: int = 1) -> dict:
        """Every option that is not named as faster-whisper has it by default."""
        options = {"language": None if language == "auto" else language, "beam_size": beam, "temperature": 0}
        if batch == 1:
            segments, info = self.model.transcribe(samples, vad_filter=False, **options)
        else:  # without VAD it wants to be told the windows
            end = len(samples) / RATE
            windows = [{"start": s, "end": min(s + WINDOW_S, end)} for s in np.arange(0, end, WINDOW_S)]
            segments, info = BatchedInferencePipeline(self.model).transcribe(
                samples, batch_size=batch, clip_timestamps=windows, without_timestamps=False, **options)
        segments = [{"start": s.start, "end": s.end, "text": s.text, "tokens": s.tokens} for s in segments]
        return {"language": info.language, "segments": segments, "text": "".join(s["text"] for s in segments).strip()}


def prepare(model: Path, variant: str, work: Path) -> Path:
    return model / "ct2"


def load(folder: Path, variant: str, threads: int) -> Peer:
    return Peer(folder, variant, threads)
