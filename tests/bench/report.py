# SPDX-License-Identifier: GPL-2.0-or-later
"""What the moves of move-bench.py come to: medians, ratios, tables, plots."""

import statistics

import cells
import limit
import machine
import svg

# Head, figure, format, divisor.
COLUMNS = (
    ("total s", "seconds", "%.2f", 1),
    ("downtime ms", "downtime_ms", "%.0f", 1),
    ("wire MB", "wire_bytes", "%.1f", 1e6),
    ("rounds", "rounds", "%.0f", 1),
    ("source CPU s", "source_cpu_s", "%.2f", 1),
    ("dest. CPU s", "destination_cpu_s", "%.2f", 1),
    ("source peak MB", "peak_bytes", "%.0f", 1e6),
    ("guest ops/s", "updates_per_s", "%.0f", 1),
)
FIGURES = [c[1] for c in COLUMNS] + ["cpu_s", "peak_rss_bytes",
                                     "guest_gap_ms", "store_used_bytes"]


def medians(rows):
    """Of the moves that completed, and how many did not."""
    good = [r for r in rows if r["status"] == "completed"]
    result = {"moves": len(rows), "completed": len(good),
              "other": sorted({r["status"] for r in rows} - {"completed"})}
    for key in FIGURES:
        values = [r[key] for r in good if r.get(key) is not None]
        if values:
            result[key] = statistics.median(values)
            result[key + "_spread"] = [min(values), max(values)]
    lpm = [r["lpm"] for r in good if r.get("lpm")]
    if lpm:
        result["lpm"] = {key: statistics.median(values)
                         for key in sorted(set().union(*lpm) - {"level"})
                         for values in [[x[key] for x in lpm if key in x]]}
        # query-lpm has none while pages leave as they are.
        result["lpm"]["levels"] = [x.get("level") for x in lpm]
    return result


def best_of(methods, key, of=None):
    """Of vanilla's, or of those of them that are named."""
    values = [m[key] for name, m in methods.items()
              if name != "lpm" and (not of or name in of) and key in m]
    if not values:
        return None
    return max(values) if key in cells.MORE else min(values)


def divisor(cell, key, against):
    """What a figure of ours is divided by; None: nothing got there."""
    methods = cell["methods"]
    if against == "limit":
        return (cell.get("limit") or {}).get("seconds")
    if against == "best":
        return best_of(methods, key)
    if against == "zstd":
        return best_of(methods, key, ("zstd-1", "zstd-3"))
    if against == "fastest":
        time = best_of(methods, "seconds")
        names = [n for n, m in methods.items()
                 if n != "lpm" and m.get("seconds") == time]
        return methods[names[0]].get(key) if time and names else None
    return methods.get(against, {}).get(key)


def ratio(cell, key, against):
    ours = cell["methods"].get("lpm", {}).get(key)
    by = divisor(cell, key, against)
    return ours / by if ours is not None and by else None


def wire_bound(cell):
    """An open link is the machine, not a wire."""
    return (cell.get("limit") or {}).get("term") == "wire" and \
        cells.split(cell["cell"])[1] != "open"


def summarise(records):
    """Cells in the order of the plan, from the kept lines."""
    links = {r["link"]: r["bytes_per_s"] for r in records
             if r["record"] == "link"}
    rams = {r["workload"]: r for r in records if r["record"] == "ram"}
    moves = [r for r in records if r["record"] == "move"]
    threads = min(cells.CHANNELS, machine.cpus())
    summary = []
    for name in dict.fromkeys(r["cell"] for r in moves):
        workload, link = cells.split(name)
        rows = [r for r in moves if r["cell"] == name]
        cell = {"cell": name, "methods": {
            m: medians([r for r in rows if r["method"] == m])
            for m in cells.METHODS if any(r["method"] == m for r in rows)}}
        if workload in rams and link in links:
            cell["limit"] = {**limit.limit(rams[workload], links[link],
                                           threads), "link": links[link]}
        cell["ratios"] = {
            "%s/%s" % (key, against): value
            for key in ("seconds", "downtime_ms", "wire_bytes", "cpu_s",
                        "updates_per_s")
            for against in ("best", "none", "zstd-1", "zstd")
            for value in [ratio(cell, key, against)] if value is not None}
        value = ratio(cell, "seconds", "limit")
        if value is not None:
            cell["ratios"]["seconds/limit"] = value
        summary.append(cell)
    return summary


def targets(summary):
    """Each target in each cell that it is for, and whether it was met."""
    result = []
    for pattern, key, against, aim in cells.TARGETS:
        for cell in summary:
            if "lpm" not in cell["methods"]:
                continue
            if not (wire_bound(cell) if pattern == "wire-bound" else
                    cells.matches(cell["cell"], pattern)):
                continue
            value = ratio(cell, key, against)
            ours = cell["methods"]["lpm"]
            more = key in cells.MORE
            verdict = ("not told" if value is None else
                       "met" if (value >= aim if more else value <= aim)
                       else "missed")
            if not ours["completed"]:
                verdict = "missed"
            result.append({"cell": cell["cell"], "figure": key,
                           "against": against,
                           "least" if more else "most": aim,
                           "ratio": value, "verdict": verdict})
    return result


def table(head, rows):
    return ["| %s |" % " | ".join(head),
            "|---|" + "---:|" * (len(head) - 1)] + \
        ["| %s |" % " | ".join(row) for row in rows]


def figure(methods, key, form, unit):
    if key not in methods:
        return "-"
    low, high = methods[key + "_spread"]
    text = form % (methods[key] / unit)
    low, high = form % (low / unit), form % (high / unit)
    return text if low == high else "%s (%s-%s)" % (text, low, high)


def ratio_row(cell, name, against):
    values = [ratio(cell, key, against) for _, key, _, _ in COLUMNS]
    return ["*lpm / %s*" % name, ""] + \
        ["%.2f" % v if v is not None else "-" for v in values]


def limit_line(cell):
    l = cell.get("limit")
    if not l:
        return "Limit: not measured."
    value = cell["ratios"].get("seconds/limit")
    if not l["seconds"]:
        return ("Limit: none; pages change %.1f times as fast as this link "
                "could bring their differences." % l["dirty"])
    return ("Limit: %.2f s (%s; zstd level %s, ratio %.2f, %.0f MB/s a "
            "thread; link %.1f MB/s; w/V %.2f)%s." % (
                l["seconds"], l["term"],
                "none" if l["level"] is None else l["level"], l["ratio"],
                l["pack"] / 1e6, l["link"] / 1e6, l["dirty"],
                "; lpm took %.2f of it" % value if value else ""))


def lpm_line(methods):
    lpm = methods.get("lpm", {}).get("lpm")
    if not lpm:
        return []
    words = (("link", "link %.1f MB/s", 1e6),
             ("delta-pages", "%.0f pages as differences", 1),
             ("delta-bytes", "in %.2f MB", 1e6),
             ("store-used", "store %.0f MB", 1e6))
    levels = ["none" if level is None else str(level)
              for level in lpm["levels"]]
    return ["Of lpm itself: level at the end %s, %s." % (
        ", ".join(dict.fromkeys(levels)),
        ", ".join(form % (lpm[key] / unit) for key, form, unit in words
                  if key in lpm))]


def markdown(document):
    p = document["parameters"]
    lines = machine.lines(document) + [
        "Guest: -m %s, 1 vCPU (TCG); %d channels; link: %s%s." % (
            p["memory"], p["channels"], p["link"],
            "; medians of up to %d moves, (smallest-largest); `dnf`: not done "
            "in %d s" % (p["repeats"], p["move_limit_s"])
            if document["summary"] else ""),
        "QEMU: vanilla %s, ours %s; zstd %s%s." % (
            document["versions"]["vanilla"], document["versions"]["lpm"],
            document["versions"]["zstd"],
            "; redis %s" % document["versions"]["redis"]
            if "redis" in document["versions"] else ""),
    ]
    if document["targets"]:
        lines += ["", "Targets (ratio of medians):", ""] + table(
            ("cell", "figure", "against", "ratio", "aim", ""),
            [("`%s`" % t["cell"], t["figure"], t["against"],
              "-" if t["ratio"] is None else "%.3f" % t["ratio"],
              ">= %g" % t["least"] if "least" in t else "<= %g" % t["most"],
              t["verdict"]) for t in document["targets"]])
    for cell in document["summary"]:
        workload, link = cells.split(cell["cell"])
        rows = []
        for method, m in cell["methods"].items():
            done = "%d of %d" % (m["completed"], m["moves"])
            if m["other"]:
                done += " (%s)" % ", ".join(m["other"])
            rows.append([method, done] + [
                figure(m, key, form, unit) for _, key, form, unit in COLUMNS])
        if "lpm" in cell["methods"]:
            rows += [ratio_row(cell, "best vanilla", "best"),
                     ratio_row(cell, "none", "none"),
                     ratio_row(cell, "zstd-1", "zstd-1")]
        lines += ["", "`%s`: %s, %s:" % (
            cell["cell"], cells.WORKLOADS[workload][0],
            "open link" if link == "open" else link + " Gbit/s"), ""]
        lines += table(["method", "done"] + [c[0] for c in COLUMNS], rows)
        lines += ["", limit_line(cell)] + lpm_line(cell["methods"])
    return "\n".join(lines + converge_lines(document["converge"])) + "\n"


def converge_lines(found):
    if not found:
        return []
    rows = [(c["method"], "%d" % c["best"] if c["best"] else "none",
             "%.0f" % c["best_real"] if c["best"] else "-",
             "%d" % c["fails"] if c["fails"] else "none did",
             "%d" % len(c["tried"])) for c in found]
    lines = ["", "Highest rate of updates whose move was done in %d s at "
             "%s Gbit/s:" % (found[0]["limit_s"], found[0]["link"]), ""]
    lines += table(("method", "updates/s asked for", "updates/s that were",
                    "first that failed", "moves"), rows)
    best = {c["method"]: c["best_real"] for c in found if c["best"]}
    others = [v for m, v in best.items() if m != "lpm"]
    if "lpm" in best and others:
        lines += ["", "*lpm / best vanilla*: %.1f" % (
            best["lpm"] / max(others))]
    return lines


# Plots

SERIES = [*cells.METHODS, "limit"]


def plots(document):
    """{file name: text}; only those that there are figures for."""
    result = {}
    summary = document["summary"]
    for workload in dict.fromkeys(cells.split(c["cell"])[0]
                                  for c in summary):
        some = [c for c in summary
                if cells.split(c["cell"])[0] == workload]
        # The measured speed is where a link stands, the open one too.
        at = {c["cell"]: c["limit"]["link"] * 8e-9 for c in some
              if c.get("limit")}
        if len(at) < 2:
            continue
        series = {}
        for method in cells.METHODS:
            points = sorted((at[c["cell"]], c["methods"][method]["seconds"])
                            for c in some if c["cell"] in at and
                            "seconds" in c["methods"].get(method, {}))
            if points:
                series[method] = points
        bound = sorted((at[c["cell"]], c["limit"]["seconds"]) for c in some
                       if c["cell"] in at and c["limit"]["seconds"])
        if bound:
            series["limit"] = bound
        if series:
            plot = svg.Plot("Total time by link, %s" %
                            cells.WORKLOADS[workload][0], SERIES)
            plot.lines(series, "link, Gbit/s (as measured)", "s", log_x=True,
                       log_y=True)
            result["time-by-link-%s.svg" % workload] = plot.text()
    groups = {}
    # One cell of each workload: that of the target table, else 1 Gbit/s.
    wanted = [*cells.DEFAULT, *(c for c in cells.every()
                                if c.endswith("@1")), *cells.every()]
    for c in sorted(summary, key=lambda c: wanted.index(c["cell"])):
        group = {m: v["wire_bytes"] / 1e6 for m, v in c["methods"].items()
                 if "wire_bytes" in v}
        workload = cells.split(c["cell"])[0]
        if group and workload not in [cells.split(g)[0] for g in groups]:
            groups[c["cell"]] = group
    if groups:
        plot = svg.Plot("Bytes on the wire by workload (done moves only)",
                        SERIES)
        plot.bars(groups, "MB", log=True)
        result["bytes-by-workload.svg"] = plot.text()
    trace = document.get("timeline")
    if trace and len(trace["samples"]) > 2:
        result["timeline.svg"] = timeline(trace)
    return result


def timeline(trace):
    samples = trace["samples"]
    plot = svg.Plot("One move of lpm, %s" % trace["cell"])

    def series(*keys):
        return {name: [(s["t"], s[key] / unit) for s in samples
                       if s.get(key) is not None]
                for name, key, unit in keys
                if any(s.get(key) is not None for s in samples)}
    plot.lines(series(("remaining", "remaining", 1e6),
                      ("raw, sum", "raw", 1e6), ("wire, sum", "wire", 1e6)),
               "s", "MB", dots=False)
    dirty = series(("dirty MB/s", "dirty_rate", 1e6),
                   ("link MB/s", "link", 1e6))
    if dirty:
        plot.lines(dirty, "s", "MB/s", height=240, dots=False)
    level = series(("level", "level", 1), ("round", "rounds", 1))
    if level:
        plot.lines(level, "s", "level, round", height=240, dots=False)
    return plot.text()
