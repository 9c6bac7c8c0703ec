"""Transcribes files with the Python loop of whisper_onnx.py; one JSON object per file, in escuta's shape.

A child process of speed.py, so that its memory and time are its own.
"""

import argparse
import json
import sys
import time
from pathlib import Path

START = time.perf_counter()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--model", required=True, type=Path, help="folder in Hugging Face's ONNX layout")
    parser.add_argument("--language", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    import whisper_onnx
    from faster_whisper.audio import decode_audio  # PyAV: any format, resampled to 16 kHz mono

    began = time.perf_counter()
    import_ms = (began - START) * 1e3
    model = whisper_onnx.Whisper(args.model, args.threads)
    load_ms = (time.perf_counter() - began) * 1e3
    for file in args.files:
        began = time.perf_counter()
        samples = decode_audio(file, sampling_rate=whisper_onnx.RATE)
        result = model.transcribe(samples, args.language)
        print(json.dumps({
            "file": file,
            "duration": len(samples) / whisper_onnx.RATE,
            **result,
            "timing": {
                "import_ms": import_ms,
                "load_ms": load_ms,
                "total_ms": (time.perf_counter() - began) * 1e3,
                "tokens": sum(len(s["tokens"]) for s in result["segments"]),
            },
        }, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
