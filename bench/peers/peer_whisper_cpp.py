"""whisper.cpp through the bare bindings of pywhispercpp: variants are the types of ggml_file.py."""

import os
import re
import tempfile
import time
from pathlib import Path

import _pywhispercpp as cpp
import numpy as np

import ggml_file
from absent import Absent

TIMING = re.compile(rb"batchd time = +([0-9.]+) ms / +([0-9]+) runs")


class Peer:
    def __init__(self, file: Path, variant: str, threads: int):
        self.threads = threads
        self.context = cpp.whisper_init_from_file_with_params(str(file), cpp.whisper_context_default_params())
        self.n_mels = cpp.whisper_model_n_mels(self.context)

    def log_mel(self, samples: np.ndarray) -> None:
        self._check(cpp.whisper_pcm_to_mel(self.context, samples, len(samples), self.threads))

    def encode(self, features: np.ndarray) -> None:
        """The decoder's keys and values of the window are made here as well."""
        n_mels, frames = features.shape[-2:]
        self._check(cpp.whisper_set_mel(self.context, np.ascontiguousarray(features).ravel(), frames, n_mels))
        self._check(cpp.whisper_encode(self.context, 0, self.threads))

    def first_token(self, features: np.ndarray) -> None:
        self.encode(features)
        for at, token in enumerate(self._prompt()):
            self._decode(token, at)

    def step_ms(self, features: np.ndarray, batch: int, context: int, steps: int, repeat: int) -> list[float]:
        if batch == 5:
            return [self._beam_step_ms(context, steps) for _ in range(repeat)]
        if batch != 1:
            raise Absent("whisper.cpp decodes one window at a time")
        self.encode(features)
        for at in range(context):
            self._decode(1000 + at, at)
        found = []
        for _ in range(repeat):
            began = time.perf_counter()
            for at in range(context, context + steps):
                self._decode(1000 + at, at)
            found.append((time.perf_counter() - began) * 1e3 / steps)
        return found

    def _beam_step_ms(self, context: int, steps: int) -> float:
        """A search with five beams over a second of noise after a prompt; whisper.cpp's own count of it, which is for
        a row: five rows are a step."""
        params = self._params(5)
        prompt = [1000 + i for i in range(context - 1 - len(self._prompt()))]
        params.set_prompt_tokens(prompt)
        params.no_context, params.max_tokens, params.single_segment = False, steps, True
        params.no_timestamps, params.no_speech_thold, params.logprob_thold = True, 2.0, -1e9
        cpp.whisper_reset_timings(self.context)
        noise = np.random.default_rng(1).standard_normal(16000 * 29).astype(np.float32) * 0.1
        self._check(cpp.whisper_full(self.context, params, noise, len(noise)))
        found = TIMING.search(self._timings())
        if found is None or int(found[2]) < 5:
            raise Absent("the search ended before its beams parted")
        return float(found[1]) / int(found[2]) * 5

    def _timings(self) -> bytes:
        """What whisper.cpp prints of itself on standard error."""
        with tempfile.TemporaryFile() as file:
            kept = os.dup(2)
            os.dup2(file.fileno(), 2)
            try:
                cpp.whisper_print_timings(self.context)
            finally:
                os.dup2(kept, 2)
                os.close(kept)
            file.seek(0)
            return file.read()

    def _prompt(self) -> list[int]:
        sot = cpp.whisper_token_sot(self.context)
        language = [sot + 1, cpp.whisper_token_transcribe(self.context)]  # English is the first
        return [sot, *(language if cpp.whisper_is_multilingual(self.context) else []),
                cpp.whisper_token_not(self.context)]

    def _decode(self, token: int, past: int) -> None:
        self._check(cpp.whisper_decode(self.context, token, 1, past, self.threads))

    @staticmethod
    def _check(result: int) -> None:
        if result != 0:
            raise RuntimeError(f"whisper.cpp: expected 0, found {result}")

    def _params(self, beam: int):
        """Greedy or beam search at temperature 0 without fallback, with the same tokens suppressed as elsewhere."""
        strategies = cpp.whisper_sampling_strategy
        params = cpp.whisper_full_default_params(
            strategies.WHISPER_SAMPLING_GREEDY if beam == 1 else strategies.WHISPER_SAMPLING_BEAM_SEARCH)
        if beam > 1:
            params.beam_search = {"beam_size": beam, "patience": -1.0}
        params.n_threads, params.temperature, params.temperature_inc = self.threads, 0.0, 0.0
        params.no_context, params.suppress_nst, params.print_progress = False, True, False
        params.print_timestamps = params.print_realtime = False
        params.language = "en"
        return params

    def transcribe(self, samples: np.ndarray, language: str, beam: int = 1, batch: int = 1) -> dict:
        if batch != 1:
            raise Absent("whisper.cpp decodes one window at a time")
        params = self._params(beam)
        params.language = language
        self._check(cpp.whisper_full(self.context, params, samples, len(samples)))
        segments = []
        for i in range(cpp.whisper_full_n_segments(self.context)):
            text = cpp.whisper_full_get_segment_text(self.context, i)
            segments.append({
                "start": cpp.whisper_full_get_segment_t0(self.context, i) / 100,
                "end": cpp.whisper_full_get_segment_t1(self.context, i) / 100,
                "text": text.decode(errors="replace") if isinstance(text, bytes) else text,
                "tokens": [cpp.whisper_full_get_token_id(self.context, i, j)
                           for j in range(cpp.whisper_full_n_tokens(self.context, i))]})
        return {"language": language, "segments": segments, "text": "".join(s["text"] for s in segments).strip()}


def prepare(model: Path, variant: str, work: Path) -> Path:
    if variant == "f32":
        raise Absent("this whisper.cpp wants convolutions in f16 (an assertion of ggml's im2col), so no file in f32")
    out = work / f"{model.name}.whisper-cpp-{variant}.bin"
    if not out.exists() or out.stat().st_mtime < (model / "ct2/model.bin").stat().st_mtime:
        work.mkdir(parents=True, exist_ok=True)
        ggml_file.write(model / "ct2", out, variant)
    return out


def load(file: Path, variant: str, threads: int) -> Peer:
    return Peer(file, variant, threads)
