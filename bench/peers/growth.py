"""How escuta's time and memory grow with the length of a recording."""

from pathlib import Path

import engines
import recordings

MINUTES = (1, 5, 15, 60, 180)
TIMEOUT_S = 4 * 3600


def slope(points: list[tuple[float, float]]) -> float:
    """Of the line with the least squared distances."""
    n = len(points)
    mean_x, mean_y = (sum(p[i] for p in points) / n for i in (0, 1))
    return (sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points))


def measure(model: str, threads: int, work: Path, speech: Path) -> dict:
    folder, points = engines.model_folder(model), []
    for minutes in MINUTES:
        audio = recordings.repeated(speech, work / f"{speech.stem}_{minutes}_min.wav", 60 * minutes)
        done = engines.transcribe(engines.ENGINES[0], folder, "en", [str(audio)], threads,
                                  timeout_s=TIMEOUT_S)
        audio.unlink()
        if done.absent:
            raise SystemExit(f"growth, {minutes} minutes: {done.absent}")
        points.append({"minutes": minutes, "seconds": done.wall_s, "peak_mb": done.peak_mb})
        engines.say(f"growth: {minutes} minutes in {done.wall_s:.1f} s, {done.peak_mb:.0f} MB")
    return {"model": model, "threads": threads, "points": points,
            "seconds_a_minute": slope([(p["minutes"], p["seconds"]) for p in points]),
            "mb_an_hour": slope([(p["minutes"] / 60, p["peak_mb"]) for p in points])}
