"""Whisper's ONNX graphs in an inference engine, as one writes it in Python: numpy features, a run per token.

The model folder has Hugging Face's layout. Greedy search with openai/whisper's logit rules and its
loop over windows of 30 s, so that it makes the tokens that escuta makes from the same files. What runs
a graph is given from outside: peer_onnxruntime.py, peer_openvino.py.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from absent import Absent
from features import HOP, RATE, WINDOW_FRAMES, log_mel

FRAMES_PER_SECOND = RATE // HOP
FRAMES_PER_TIMESTAMP = 2
NO_SPEECH_THRESHOLD = 0.6
LOGPROB_THRESHOLD = -1.0


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


class Graph(Protocol):
    inputs: list[str]

    def run(self, feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All outputs by their names."""


class Whisper:
    def __init__(self, folder: Path, load: Callable[[Path], Graph]):
        self.encoder = load(folder / "encoder_model.onnx")
        self.first = load(folder / "decoder_model.onnx")
        self.next = load(folder / "decoder_with_past_model.onnx")
        config = json.loads((folder / "config.json").read_text())
        generation = json.loads((folder / "generation_config.json").read_text())
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.n_mels = config.get("num_mel_bins", 80)
        self.context = config["max_target_positions"]
        self.begin_suppressed = generation.get("begin_suppress_tokens") or []
        self.suppressed = generation.get("suppress_tokens") or []
        self.max_initial = generation.get("max_initial_timestamp_index", 50)
        self.eot = self.id("<|endoftext|>")
        self.sot = self.id("<|startoftranscript|>")
        self.sot_prev = self.id("<|startofprev|>")
        self.no_speech = self.id("<|nospeech|>", "<|nocaptions|>")
        self.no_timestamps = self.id("<|notimestamps|>")
        self.timestamp_begin = self.no_timestamps + 1
        self.multilingual = config["vocab_size"] >= 51865  # openai/whisper, Whisper.is_multilingual

    def id(self, *names: str) -> int:
        found = [i for i in map(self.tokenizer.token_to_id, names) if i is not None]
        assert found, f"expected one of {names} in the tokenizer, found none"
        return found[0]

    # --- What is timed ------------------------------------------------------------------------

    def log_mel(self, samples: np.ndarray) -> np.ndarray:
        return log_mel(samples, self.n_mels, pad_s=0)

    def encode(self, features: np.ndarray) -> np.ndarray:
        """[B, n_mels, 3000] -> [B, F, M]"""
        return next(iter(self.encoder.run({self.encoder.inputs[0]: features}).values()))

    def first_token(self, features: np.ndarray) -> None:
        logits, _ = self.start(self.encode(features), [self.prompt("en", timestamps=False)])
        logits[0, -1].argmax()

    def step_ms(self, features: np.ndarray, batch: int, context: int, steps: int, repeat: int) -> list[float]:
        """Every row has keys and values of its own, as the graphs want them."""
        states = np.repeat(self.encode(features), batch, axis=0)
        prompt = self.prompt("en", timestamps=False)
        text = [(1000 + 37 * i) % self.eot for i in range(context - 1 - len(prompt))]
        after_prompt = self.start(states, [[self.sot_prev, *text, *prompt]] * batch)
        found = []
        for _ in range(repeat):
            logits, past = after_prompt
            began = time.perf_counter()
            for _ in range(steps):
                tokens = logits[:, -1, :self.eot].argmax(axis=1)
                logits, past = self.step(states, tokens[:, None], past)
            found.append((time.perf_counter() - began) * 1e3 / steps)
        return found

    # --- One window ---------------------------------------------------------------------------

    def prompt(self, language: str, timestamps: bool = True) -> list[int]:
        tokens = [self.sot]
        if self.multilingual:
            tokens += [self.id(f"<|{language}|>"), self.id("<|transcribe|>")]
        return tokens if timestamps else [*tokens, self.no_timestamps]

    def start(self, states: np.ndarray, tokens: list[list[int]]) -> tuple[np.ndarray, dict]:
        """Logits [B, n, V] of the tokens, and the key/value state behind them."""
        feeds = {"input_ids": np.array(tokens, np.int64), "encoder_hidden_states": states}
        return self._run(self.first, feeds, {})

    def step(self, states: np.ndarray, tokens: np.ndarray, past: dict) -> tuple[np.ndarray, dict]:
        feeds = {"input_ids": tokens.astype(np.int64), "encoder_hidden_states": states}
        return self._run(self.next, feeds, past)

    @staticmethod
    def _run(graph: Graph, feeds: dict, past: dict) -> tuple[np.ndarray, dict]:
        outputs = graph.run({name: value for name, value in (feeds | past).items() if name in graph.inputs})
        present = {name.replace("present", "past_key_values"): value
                   for name, value in outputs.items() if name.startswith("present")}
        return outputs["logits"], past | present

    def detect_language(self, states: np.ndarray) -> str:
        logits, _ = self.start(states, [[self.sot]])
        languages = range(self.sot + 1, self.id("<|translate|>"))
        best = max(languages, key=lambda i: logits[0, -1, i])
        return self.tokenizer.id_to_token(best)[2:-2]

    def apply_rules(self, logits: np.ndarray, sampled: list[int]) -> np.ndarray:
        """openai/whisper, decoding.py: SuppressBlank, SuppressTokens, ApplyTimestampRules."""
        logits = logits.astype(np.float32)
        begin = self.timestamp_begin
        if not sampled:
            logits[self.begin_suppressed] = -np.inf
        logits[self.suppressed] = -np.inf
        logits[self.eot + 1:begin] = -np.inf  # languages, tasks and the other marks
        last_timed = bool(sampled) and sampled[-1] >= begin
        before_timed = len(sampled) < 2 or sampled[-2] >= begin
        if last_timed and before_timed:
            logits[begin:] = -np.inf
        elif last_timed:
            logits[:self.eot] = -np.inf
        timestamps = [t for t in sampled if t >= begin]
        if timestamps:
            lowest = timestamps[-1] if last_timed and not before_timed else timestamps[-1] + 1
            logits[begin:lowest] = -np.inf
        if not sampled:
            logits[:begin] = -np.inf
            logits[begin + self.max_initial + 1:] = -np.inf
        scores = log_softmax(logits)
        timed, best = scores[begin:], scores[:begin].max()
        if timed.max() > -np.inf and timed.max() + np.log(np.exp(timed - timed.max()).sum()) > best:
            logits[:begin] = -np.inf
        return logits

    def decode(self, states: np.ndarray, prompt: list[int]) -> tuple[list[int], float, float]:
        """Tokens, average log probability, probability of no speech."""
        logits, past = self.start(states, [prompt])
        silence = np.exp(log_softmax(logits[0, prompt.index(self.sot)])[self.no_speech])
        sampled, total = [], 0.0
        row = logits[0, -1]
        room = min(self.context // 2, self.context - len(prompt))
        while True:
            ruled = self.apply_rules(row, sampled)
            token = int(ruled.argmax())
            total += float(log_softmax(ruled)[token])
            if token == self.eot:
                break
            sampled.append(token)
            if len(sampled) == room:
                break
            logits, past = self.step(states, np.array([[token]]), past)
            row = logits[0, -1]
        return sampled, total / (len(sampled) + 1), float(silence)

    # --- The whole file -----------------------------------------------------------------------

    def transcribe(self, samples: np.ndarray, language: str, beam: int = 1, batch: int = 1) -> dict:
        if beam != 1 or batch != 1:
            raise Absent("the Python loop has greedy search, one window at a time")
        mel = log_mel(samples, self.n_mels)
        content = mel.shape[1] - WINDOW_FRAMES
        seek, previous, segments = 0, [], []
        while seek < content:
            frames = min(WINDOW_FRAMES, content - seek)
            window = np.zeros((1, self.n_mels, WINDOW_FRAMES), np.float32)
            window[0, :, :frames] = mel[:, seek:seek + frames]
            states = self.encode(window)
            if language == "auto":
                language = self.detect_language(states) if self.multilingual else "en"
            prompt = self.prompt(language)
            if previous:
                prompt = [self.sot_prev, *previous[-(self.context // 2 - 1):], *prompt]
            tokens, logprob, silence = self.decode(states, prompt)
            if silence > NO_SPEECH_THRESHOLD and logprob <= LOGPROB_THRESHOLD:
                seek += frames
                continue
            parts, advance = self.split(tokens, seek, frames)
            for part in parts:
                part["text"] = self.tokenizer.decode([t for t in part["tokens"] if t < self.eot])
                if part["start"] != part["end"] and part["text"].strip():
                    segments.append(part)
                    previous += part["tokens"]
            seek += advance or frames
        return {"language": language, "segments": segments,
                "text": "".join(s["text"] for s in segments).strip()}

    def split(self, tokens: list[int], seek: int, frames: int) -> tuple[list[dict], int]:
        """Segments between pairs of timestamps, and how far the next window is."""
        begin, offset = self.timestamp_begin, seek / FRAMES_PER_SECOND

        def position(token: int) -> int:
            return (token - begin) * FRAMES_PER_TIMESTAMP

        def part(slice_: list[int]) -> dict:
            return {"start": offset + position(slice_[0]) / FRAMES_PER_SECOND,
                    "end": offset + position(slice_[-1]) / FRAMES_PER_SECOND, "tokens": slice_}

        timed = [t >= begin for t in tokens]
        single_end = timed[-2:] == [False, True]
        cuts = [i for i in range(1, len(tokens)) if timed[i] and timed[i - 1]]
        if cuts:
            if single_end:
                cuts.append(len(tokens))
            parts = [part(tokens[a:b]) for a, b in zip([0, *cuts], cuts)]
            return parts, frames if single_end else position(tokens[cuts[-1] - 1])
        end = frames
        marks = [t for t in tokens if t >= begin]
        if marks and marks[-1] != begin:
            end = position(marks[-1])
        return [{"start": offset, "end": offset + end / FRAMES_PER_SECOND, "tokens": tokens}], frames
