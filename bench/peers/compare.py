"""escuta beside its peers: `compare.py wer --help`, `compare.py speed --help`; see README.md."""

import sys

import speed
import wer

COMMANDS = {"wer": wer.main, "speed": speed.main}


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(f"usage: compare.py {'|'.join(COMMANDS)} [options]", file=sys.stderr)
        return 2
    return COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
