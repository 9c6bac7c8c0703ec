"""What a run of table.py measured, as a markdown table and as an SVG chart. Nothing here measures."""

from xml.sax.saxutils import escape

TITLES = {
    "log_mel": "log-mel of 30 s, ms", "encoder": "encoder, a window, ms", "decoder:1": "decoder step, 1 row, ms",
    "decoder:5": "decoder step, 5 beams, ms", "decoder:16": "decoder step, 16 windows, ms",
    "load_warm": "load to first token, warm, ms", "load_cold": "load to first token, cold, ms",
    "short:greedy": "11 s, greedy, s", "short:beam5": "11 s, beam 5, s", "short:batched": "11 s, batched, s",
    "long:greedy": "5 min, greedy, s", "long:beam5": "5 min, beam 5, s", "long:batched": "5 min, batched, s",
    "memory": "peak memory, MB"}
COLOURS = ["#2a9d8f", "#e76f51", "#457b9d", "#e9c46a", "#8d6a9f", "#7f8c8d", "#bc6c25", "#606c38"]


def in_unit(row: str, value: float) -> float:
    return value / 1e3 if row.startswith(("short:", "long:")) else value


def digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def groups(cells: list[dict]) -> dict[tuple, list[dict]]:
    """Cells by model, precision and threads, as they came."""
    found: dict[tuple, list[dict]] = {}
    for cell in cells:
        found.setdefault((cell["model"], cell["precision"], cell["threads"]), []).append(cell)
    return found


def ratio(cells: list[dict]) -> float | None:
    """escuta's time over the best peer's; under 1: escuta is faster."""
    ours = [c["min"] for c in cells if c["engine"].startswith("escuta") and "min" in c]
    theirs = [c["min"] for c in cells if not c["engine"].startswith("escuta") and "min" in c]
    return min(ours) / min(theirs) if ours and theirs else None


def cell_text(cell: dict | None) -> str:
    if cell is None:
        return ""
    if "min" not in cell:
        return "absent"
    low, middle = (digits(in_unit(cell["row"], cell[key])) for key in ("min", "median"))
    share = f", {100 * cell['bound'] / cell['min']:.0f} %" if cell.get("bound") else ""
    differs = f", {cell['differs']:.0f} % other words" if cell.get("differs") else ""
    return f"{low} ({middle}){share}{differs}"


def table(key: tuple, cells: list[dict]) -> list[str]:
    model, precision, threads = key
    engines = list(dict.fromkeys(cell["engine"] for cell in cells))
    lines = [f"### {model}, {precision}, {threads} thread{'s' if threads > 1 else ''}", "",
             "| minimum (median), share of the bound | bound | " + " | ".join(engines) + " | escuta / best peer |",
             "|---|---:|" + "---:|" * (len(engines) + 1)]
    for row in dict.fromkeys(cell["row"] for cell in cells):
        here = {cell["engine"]: cell for cell in cells if cell["row"] == row}
        bound = next((cell["bound"] for cell in here.values() if cell.get("bound")), None)
        compared = ratio(list(here.values()))
        lines.append(f"| {TITLES[row]} | {digits(in_unit(row, bound)) if bound else ''} | " +
                     " | ".join(cell_text(here.get(engine)) for engine in engines) +
                     f" | {'' if compared is None else f'{compared:.2f}'} |")
    return [*lines, ""]


def absences(cells: list[dict]) -> list[str]:
    """One line for each reason, with the rows that it took away."""
    reasons: dict[tuple, list[str]] = {}
    for cell in cells:
        if "absent" in cell:
            rows = reasons.setdefault((cell["engine"], cell["absent"]), [])
            if cell["row"] not in rows:
                rows.append(cell["row"])
    return [f"- {engine} ({', '.join(rows)}): {reason}" for (engine, reason), rows in reasons.items()]


def facts(result: dict) -> list[str]:
    machine, limits, run = result["machine"], result["limits"], result["run"]
    rates = "; ".join(f"{n} thread{'s' if int(n) > 1 else ''}: {limits['fma_gflops'][n]:.0f} GFLOP/s, "
                      + (f"{limits['int8_gops'][n]:.0f} Gop/s int8, " if limits.get("int8_gops") else "")
                      + f"{limits['read_gbs'][n]:.1f} GB/s" for n in limits["fma_gflops"])
    return [f"Machine: {machine.get('cpu', 'unknown')}, {machine['cores']} cores, "
            f"{machine.get('memory_gib', '?')} GiB, {' '.join(machine.get('simd', []))}; "
            f"load {machine['load_before']} before, {machine['load_after']} after.",
            f"Limits ({limits['isa']}): {rates}; file read cold {limits['disk_gbs']:.2f} GB/s.",
            "Versions: " + ", ".join(f"{name} {version}" for name, version in result["versions"].items()) + ".",
            f"{run['repeat']} repetitions in turn, {run['seconds'] / 60:.0f} min, {run['when']}."]


def markdown(result: dict) -> str:
    lines = ["# escuta beside its peers", "", *facts(result), ""]
    for key, cells in groups(result["cells"]).items():
        lines += table(key, cells)
    if missing := absences(result["cells"]):
        lines += ["Absent:", "", *missing, ""]
    if growth := result.get("growth"):
        lines += growth_table(growth)
    return "\n".join(lines)


def growth_table(growth: dict) -> list[str]:
    lines = [f"### Growth: escuta, {growth['model']}, {growth['threads']} threads", "",
             "| audio, min | time, s | x real time | peak memory, MB |", "|---:|---:|---:|---:|"]
    lines += [f"| {p['minutes']:g} | {p['seconds']:.1f} | {60 * p['minutes'] / p['seconds']:.1f} | {p['peak_mb']:.0f} |"
              for p in growth["points"]]
    return [*lines, "", f"Slope: {growth['seconds_a_minute']:.2f} s a minute of audio, "
            f"{growth['mb_an_hour']:+.1f} MB an hour.", ""]


# --- The chart ----------------------------------------------------------------------------------------

LEFT, WIDTH, BAR, GAP = 300, 900, 13, 16


def chart(result: dict) -> str:
    """Bars of each row, its slowest filling the width; a line marks the bound."""
    cells = [cell for cell in result["cells"] if "min" in cell]
    engines = list(dict.fromkeys(cell["engine"] for cell in cells))
    body, y = [], 30
    for i, engine in enumerate(engines):
        x = 12 + (i % 4) * 220
        body.append(f'<rect x="{x}" y="{y + (i // 4) * 18 - 10}" width="12" height="12" fill="{COLOURS[i % 8]}"/>'
                    f'<text x="{x + 17}" y="{y + (i // 4) * 18}">{escape(engine)}</text>')
    y += 18 * ((len(engines) + 3) // 4) + 10
    for (model, precision, threads), group in groups(cells).items():
        body.append(f'<text class="title" x="12" y="{y + 12}">{escape(model)}, {precision}, threads: {threads}</text>')
        y += 24
        for row in dict.fromkeys(cell["row"] for cell in group):
            y = bars(body, y, row, [cell for cell in group if cell["row"] == row], engines)
    height = y + 10
    style = ("<style>text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:14px}"
             ".value{font-size:11px;fill:#555}</style>")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}">{style}<rect width="100%" height="100%" fill="#fff"/>\n' +
            "\n".join(body) + "\n</svg>\n")


def bars(body: list[str], y: int, row: str, cells: list[dict], engines: list[str]) -> int:
    """Draws one row from `y` on; returns where the next one begins."""
    longest = max(cell["min"] for cell in cells)
    scale = (WIDTH - LEFT - 90) / longest
    body.append(f'<text x="12" y="{y + BAR}">{escape(TITLES[row])}</text>')
    top = y
    for cell in cells:
        length = cell["min"] * scale
        body.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 2}" '
                    f'fill="{COLOURS[engines.index(cell["engine"]) % 8]}"/><text class="value" '
                    f'x="{LEFT + length + 5:.1f}" y="{y + BAR - 3}">{digits(in_unit(row, cell["min"]))}</text>')
        y += BAR
    bound = next((cell["bound"] for cell in cells if cell.get("bound")), None)
    if bound and bound <= longest:
        x = LEFT + bound * scale
        body.append(f'<line x1="{x:.1f}" y1="{top - 2}" x2="{x:.1f}" y2="{y}" stroke="#c1121f" stroke-width="2"/>')
    return y + GAP
