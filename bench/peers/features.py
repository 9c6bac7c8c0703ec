"""Whisper's log-mel features in numpy, as openai/whisper computes them."""

import math

import numpy as np

RATE = 16000
N_FFT = 400
HOP = 160
WINDOW_FRAMES = 3000


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


def log_mel(samples: np.ndarray, n_mels: int, pad_s: int = 30) -> np.ndarray:
    """samples [S] f32 -> [n_mels, T + 100 pad_s] f32: the features of the samples and of pad_s seconds of silence."""
    padded = np.pad(np.pad(samples, (0, pad_s * RATE)), N_FFT // 2, mode="reflect")
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP][:-1] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    mel = np.log10(np.maximum(mel_filters(n_mels) @ power.T.astype(np.float32), 1e-10))
    mel = np.maximum(mel, mel.max() - 8.0)
    return ((mel + 4.0) / 4.0).astype(np.float32)
