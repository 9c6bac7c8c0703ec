"""Whisper in ONNX Runtime, as one writes it in Python: numpy features, session.run per token.

The model folder has Hugging Face's layout. Greedy search with openai/whisper's logit rules and its
loop over windows of 30 s, so that it makes the tokens that escuta makes from the same files.
"""

import json
import math
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

RATE = 16000
N_FFT = 400
HOP = 160
WINDOW_FRAMES = 3000
FRAMES_PER_SECOND = RATE // HOP
FRAMES_PER_TIMESTAMP = 2
NO_SPEECH_THRESHOLD = 0.6
LOGPROB_THRESHOLD = -1.0


def mel_filters(n_mels: int) -> np.ndarray:
    """[n_mels, 201]: triangles on Slaney's mel scale, each of area 1, as librosa.filters.mel has them."""

    def to_hz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * math.log(6.4) / 27))

    top = 15 + 27 * math.log(8000 / 1000) / math.log(6.4)
    edges = to_hz(np.linspace(0, top, n_mels + 2))
    bins = np.linspace(0, RATE / 2, N_FFT // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return filters.astype(np.float32)


def log_mel(samples: np.ndarray, n_mels: int) -> np.ndarray:
    """samples [S] f32 -> [n_mels, T + 3000] f32: the features of the samples and 30 s of silence."""
    padded = np.pad(np.pad(samples, (0, 30 * RATE)), N_FFT // 2, mode="reflect")
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:-1] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    mel = np.log10(np.maximum(mel_filters(n_mels) @ power.T.astype(np.float32), 1e-10))
    mel = np.maximum(mel, mel.max() - 8.0)
    return ((mel + 4.0) / 4.0).astype(np.float32)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())


class Whisper:
    def __init__(self, folder: Path, threads: int):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads

        def session(name: str) -> ort.InferenceSession:
            return ort.InferenceSession(str(folder / f"{name}.onnx"), options,
                                        providers=["CPUExecutionProvider"])

        self.encoder = session("encoder_model")
        self.first = session("decoder_model")
        self.next = session("decoder_with_past_model")
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
        self.encoder_input = self.encoder.get_inputs()[0].name

    def id(self, *names: str) -> int:
        found = [i for i in map(self.tokenizer.token_to_id, names) if i is not None]
        assert found, f"expected one of {names} in the tokenizer, found none"
        return found[0]

    # --- One window ---------------------------------------------------------------------------

    def start(self, states: np.ndarray, tokens: list[int]) -> tuple[np.ndarray, dict]:
        """Logits [n, V] of the tokens, and the key/value state behind them."""
        feeds = {"input_ids": np.array([tokens], np.int64), "encoder_hidden_states": states}
        return self._run(self.first, feeds, {})

    def step(self, states: np.ndarray, token: int, past: dict) -> tuple[np.ndarray, dict]:
        feeds = {"input_ids": np.array([[token]], np.int64), "encoder_hidden_states": states}
        return self._run(self.next, feeds, past)

    @staticmethod
    def _run(session, feeds: dict, past: dict) -> tuple[np.ndarray, dict]:
        wanted = {i.name for i in session.get_inputs()}
        feeds = {name: value for name, value in (feeds | past).items() if name in wanted}
        names = [o.name for o in session.get_outputs()]
        outputs = dict(zip(names, session.run(None, feeds)))
        present = {name.replace("present", "past_key_values"): value
                   for name, value in outputs.items() if name.startswith("present")}
        return outputs["logits"][0], past | present

    def detect_language(self, states: np.ndarray) -> str:
        logits, _ = self.start(states, [self.sot])
        languages = range(self.sot + 1, self.id("<|translate|>"))
        best = max(languages, key=lambda i: logits[-1][i])
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
        logits, past = self.start(states, prompt)
        silence = np.exp(log_softmax(logits[prompt.index(self.sot)])[self.no_speech])
        sampled, total = [], 0.0
        row = logits[-1]
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
            logits, past = self.step(states, token, past)
            row = logits[-1]
        return sampled, total / (len(sampled) + 1), float(silence)

    # --- The whole file -----------------------------------------------------------------------

    def transcribe(self, samples: np.ndarray, language: str) -> dict:
        mel = log_mel(samples, self.n_mels)
        content = mel.shape[1] - WINDOW_FRAMES
        seek, previous, segments = 0, [], []
        while seek < content:
            frames = min(WINDOW_FRAMES, content - seek)
            window = np.zeros((1, self.n_mels, WINDOW_FRAMES), np.float32)
            window[0, :, :frames] = mel[:, seek:seek + frames]
            states = self.encoder.run(None, {self.encoder_input: window})[0]
            if language == "auto":
                language = self.detect_language(states) if self.multilingual else "en"
            prompt = [self.sot]
            if self.multilingual:
                prompt += [self.id(f"<|{language}|>"), self.id("<|transcribe|>")]
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
