"""Transcribes files with faster-whisper and prints one JSON object per file, in escuta's shape.

Greedy (beam 1, temperature 0, no VAD), every other option as faster-whisper has it by default. A
child process of wer.py and speed.py, so that its memory and time are its own. It never reaches for
the network: the model is a local folder that holds model.bin, config.json and tokenizer.json.
"""

import argparse
import json
import sys
import time

START = time.perf_counter()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--model", required=True, help="folder of a CTranslate2 checkpoint")
    parser.add_argument("--language", default="auto")
    parser.add_argument("--compute-type", default="float32")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    import faster_whisper

    began = time.perf_counter()
    import_ms = (began - START) * 1e3
    model = faster_whisper.WhisperModel(
        args.model, device="cpu", compute_type=args.compute_type, cpu_threads=args.threads,
        local_files_only=True)
    load_ms = (time.perf_counter() - began) * 1e3

    for file in args.files:
        began = time.perf_counter()
        segments, info = model.transcribe(
            file, language=None if args.language == "auto" else args.language, beam_size=1,
            temperature=0, vad_filter=False)
        segments = [{"start": s.start, "end": s.end, "text": s.text, "tokens": s.tokens}
                    for s in segments]
        print(json.dumps({
            "file": file,
            "duration": info.duration,
            "language": info.language,
            "text": "".join(s["text"] for s in segments).strip(),
            "segments": segments,
            "timing": {
                "import_ms": import_ms,
                "load_ms": load_ms,
                "total_ms": (time.perf_counter() - began) * 1e3,
                "tokens": sum(len(s["tokens"]) for s in segments),
            },
        }, ensure_ascii=False), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
