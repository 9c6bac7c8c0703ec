#!/usr/bin/env python3
"""Draw a real terminal session as SVG: run each command, keep what it prints.

usage: terminal_picture.py OUT.svg COMMAND...      each COMMAND is one argument, all run by one bash

The program writes its progress bar to a terminal only, so commands run without one and print what a
log would hold. The home folder is shown as ~. Colours: the prompt and the command stand out, everything else is as printed.
"""

import os
import subprocess
import sys
from xml.sax.saxutils import escape

COLUMNS = 100
CHAR_WIDTH, LINE_HEIGHT, MARGIN = 7.85, 18, 16
STYLE = ("<style>text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#d6deeb;white-space:pre}"
         ".prompt{fill:#7fdbca}.command{fill:#fff;font-weight:bold}</style>")


def session(commands):
    """Lines of (class, text). One shell runs them all, so that a variable set by one serves the next."""
    mark = "--- next command ---"
    script = f"\necho '{mark}'\n".join(commands)
    done = subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    shown = done.stdout.expandtabs().replace(os.path.expanduser("~"), "~")
    for command, output in zip(commands, shown.split(mark + "\n")):
        yield "command", command
        for line in output.splitlines():
            for start in range(0, max(len(line), 1), COLUMNS):
                yield "output", line[start:start + COLUMNS]
        yield "output", ""


def draw(lines):
    width = COLUMNS * CHAR_WIDTH + 2 * MARGIN
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    rows = []
    for row, (kind, text) in enumerate(lines, start=1):
        y = MARGIN + row * LINE_HEIGHT - 5
        body = escape(text)
        if kind == "command":
            body = f'<tspan class="prompt">$ </tspan><tspan class="command">{body}</tspan>'
        rows.append(f'<text x="{MARGIN}" y="{y}">{body}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
            f'viewBox="0 0 {width:.0f} {height}">{STYLE}'
            f'<rect width="100%" height="100%" rx="8" fill="#0b1622"/>\n' + "\n".join(rows) + "\n</svg>\n")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    lines = list(session(sys.argv[2:]))[:-1]
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write(draw(lines))


if __name__ == "__main__":
    main()
