"""The recordings that are timed: 16 kHz mono WAV files of a given length, made of one that is repeated."""

import wave
from pathlib import Path

RATE = 16000


def read_samples(path: Path):
    """[S] f32, 16 kHz mono. WAV of that kind without a library, so that no program pays for one it does not use."""
    import numpy as np
    if path.suffix == ".wav":
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2):
                return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    from faster_whisper.audio import decode_audio
    return decode_audio(str(path), sampling_rate=RATE)


def repeated(source: Path, target: Path, seconds: float) -> Path:
    """`source` over and over, cut at so many seconds; what is there is kept."""
    if target.exists():
        return target
    once = (read_samples(source) * 32767).round().astype("<i2").tobytes()
    size = int(seconds * RATE) * 2
    partial = target.with_suffix(".part")
    with open(partial, "wb") as stream, wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        while size > 0:
            file.writeframes(once[:size])
            size -= len(once)
    partial.rename(target)
    return target
