"""escuta beside its peers: `compare.py table --help`, `wer`, `hotwords`; see README.md."""

import sys

import hotwords
import table
import wer

COMMANDS = {"table": table.main, "wer": wer.main, "hotwords": hotwords.main}


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(f"usage: compare.py {'|'.join(COMMANDS)} [options]", file=sys.stderr)
        return 2
    return COMMANDS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
