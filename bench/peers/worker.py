"""One peer in a process of its own, so that its memory and time are its own. A child of table.py and wer.py.

usage: worker.py PEER VARIANT prepare    MODEL WORK
       worker.py PEER VARIANT window     PATH THREADS AUDIO ROWS REPEAT CONTEXT STEPS
       worker.py PEER VARIANT transcribe PATH THREADS LANGUAGE BEAM BATCH FILE...

prepare makes what the peer loads (MODEL: a folder of `./run models`) and prints its path. window prints what
peers_escuta prints, measured in the same way; transcribe one JSON object for each file, in escuta's shape. What the
peer cannot do is printed as {"absent": reason}. Nothing here reaches for the network.
"""

import importlib
import json
import sys
import time
from pathlib import Path

START = time.perf_counter()
PEERS = {"onnxruntime": "peer_onnxruntime", "openvino": "peer_openvino", "faster-whisper": "peer_faster_whisper",
         "whisper.cpp": "peer_whisper_cpp"}


def ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1e3


def window(module, variant: str, path: str, threads: str, audio: str, rows: str, repeat: str, context: str,
           steps: str) -> dict:
    import numpy as np

    import features
    from absent import Absent
    from recordings import read_samples

    samples = np.resize(np.pad(read_samples(Path(audio)), (0, 30 * features.RATE)), 30 * features.RATE)
    # The number of mels is not known before the model: both are made beforehand.
    inputs = {n: features.log_mel(samples, n, pad_s=0)[None] for n in (80, 128)}
    began = time.perf_counter()
    model = module.load(Path(path), variant, int(threads))
    load_ms = ms_since(began)
    mel = inputs[model.n_mels]
    model.first_token(mel)
    result = {"load_ms": load_ms, "first_token_ms": ms_since(began), "rows": {}, "refused": {}}

    def timed(function) -> list[float]:
        times = []
        for _ in range(int(repeat)):
            start = time.perf_counter()
            function()
            times.append(ms_since(start))
        return times

    def measure(row: str) -> list[float]:
        name, _, batch = row.partition(":")
        if name == "log_mel":
            return timed(lambda: model.log_mel(samples))
        if name == "encoder":
            return timed(lambda: model.encode(mel))
        return model.step_ms(mel, int(batch), int(context), int(steps), int(repeat))

    for row in filter(None, rows.split(",")):
        try:
            result["rows"][row] = measure(row)
        except Absent as reason:
            result["refused"][row] = str(reason)
    return result


def transcribe(module, variant: str, path: str, threads: str, language: str, beam: str, batch: str,
               *files: str) -> None:
    from recordings import read_samples

    import_ms = ms_since(START)
    began = time.perf_counter()
    model = module.load(Path(path), variant, int(threads))
    load_ms = ms_since(began)
    for file in files:
        began = time.perf_counter()
        samples = read_samples(Path(file))
        result = model.transcribe(samples, language, int(beam), int(batch))
        print(json.dumps({
            "file": file, "duration": len(samples) / 16000, **result,
            "timing": {"import_ms": import_ms, "load_ms": load_ms, "total_ms": ms_since(began),
                       "tokens": sum(len(s["tokens"]) for s in result["segments"])}}, ensure_ascii=False), flush=True)


def main() -> int:
    if len(sys.argv) < 6 or sys.argv[1] not in PEERS:
        print(__doc__, file=sys.stderr)
        return 2
    peer, variant, task, *arguments = sys.argv[1:]
    from absent import Absent
    try:
        module = importlib.import_module(PEERS[peer])
        if task == "prepare":
            print(json.dumps({"path": str(module.prepare(Path(arguments[0]), variant, Path(arguments[1])))}))
        elif task == "window":
            print(json.dumps(window(module, variant, *arguments)))
        else:
            transcribe(module, variant, *arguments)
    except Absent as reason:
        print(json.dumps({"absent": str(reason)}))
    except ModuleNotFoundError as error:
        print(json.dumps({"absent": f"its package is not installed: {error}"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
