"""Whisper's log-mel features against NumPy in float64, on 30 s of speech, 80 and 128 bins.

log_mel_reference.py PROBE WAV      (PROBE is the program log_mel_probe; WAV is 16-bit mono, 16 kHz)

The reference is openai/whisper's log_mel_spectrogram with librosa's mel filters, written out. Ends
with 77, "skipped", if NumPy is not installed.
"""

import subprocess
import sys
import wave

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is not installed")
    sys.exit(77)

RATE, N_FFT, HOP = 16000, 400, 160
LIMIT = 1e-4


def mel_filters(n_mels):
    def to_mel(hz):
        return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1) / 1000) / np.log(6.4))

    def to_hz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))

    edges = to_hz(np.linspace(0, to_mel(np.float64(RATE / 2)), n_mels + 2))
    ramps = edges[:, None] - np.fft.rfftfreq(N_FFT, 1 / RATE)[None, :]
    widths = np.diff(edges)
    rising = -ramps[:-2] / widths[:-1, None]
    falling = ramps[2:] / widths[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]


def log_mel(samples, n_mels, pad):
    padded = np.pad(np.pad(samples.astype(np.float64), (0, pad)), N_FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    power = np.abs(np.fft.rfft(frames * window, axis=1)[:-1]) ** 2
    log = np.log10(np.maximum(mel_filters(n_mels) @ power.T, 1e-10))
    return (np.maximum(log, log.max() - 8) + 4) / 4


def main(probe, path):
    with wave.open(path) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        speech = np.frombuffer(file.readframes(file.getnframes()), np.int16) / np.float32(32768)
    failed = False
    for seconds, n_mels, pad in ((30, 80, 0), (30, 128, 0), (30, 80, 30 * RATE), (1.2345, 128, 77)):
        samples = np.resize(speech, int(seconds * RATE))  # said again and again
        answer = subprocess.run([probe, str(n_mels), str(pad)], input=samples.tobytes(),
                                stdout=subprocess.PIPE, check=True).stdout
        expected = log_mel(samples, n_mels, pad)
        features = np.frombuffer(answer, np.float32).reshape(expected.shape)
        worst = np.abs(features - expected).max()
        print(f"{seconds} s, {n_mels} bins, {pad} zeros: max abs difference {worst:.2e}")
        failed |= not worst < LIMIT
    return failed


sys.exit(main(*sys.argv[1:]))
