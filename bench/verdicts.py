# SPDX-License-Identifier: GPL-3.0-or-later
"""From measurements to ratios, and from ratios to verdicts that noise does not decide."""

import statistics

MIB = 1024 * 1024
OURS = "strongroom"

# With fewer rounds than that the spread is not known, and taken to be this.
ROUNDS_FOR_SPREAD = 3
ASSUMED_SPREAD = 0.1

# (name, operation, what, beside whom, the most that ours may be of theirs; None: told, not judged)
RATIOS = [
    ("first backup, wall time", "first", "wall", "restic", 0.5),
    ("first backup, CPU time", "first", "cpu", "floor", 1.3),
    ("restore to RAM, wall time", "restore", "wall", "restic", 0.5),
    ("nothing changed, wall time", "unchanged", "wall", "restic", None),
]
PEAK_LIMIT = 96 * MIB
PEAK_RATIO_LIMIT = 0.75


def best(what, values):
    """Of times the smallest, for noise only adds; of memory the largest, for that is what a computer
    has to have."""
    return max(values) if what == "peak" else min(values)


def spread(what, values):
    """How far the usual is from the best, as a part of it."""
    if len(values) < ROUNDS_FOR_SPREAD:
        return ASSUMED_SPREAD / 2
    top = best(what, values)
    return abs(statistics.median(values) - top) / top if top else 0.0


def verdict(ratio, limit, uncertainty):
    """Undecided is what lies closer to its limit than the measurements to one another."""
    if limit is None:
        return "reported"
    if abs(ratio - limit) / limit <= uncertainty:
        return "undecided"
    return "met" if ratio < limit else "missed"


def judge_ratio(name, dataset, what, ours, theirs, limit):
    """One line of the list of targets."""
    line = {"target": name, "dataset": dataset, "limit": limit, "ratio": None, "spread": None,
            "verdict": "not measured"}
    if ours and theirs and best(what, theirs) > 0:
        ratio = best(what, ours) / best(what, theirs)
        uncertainty = spread(what, ours) + spread(what, theirs)
        line.update(ours=best(what, ours), theirs=best(what, theirs), ratio=ratio,
                    spread=uncertainty, verdict=verdict(ratio, limit, uncertainty))
    return line


def values(results, dataset, candidate, operation, what):
    """The rounds' measurements, oldest first; none if it was not measured."""
    rounds = results.get(dataset, {}).get(candidate, {}).get(operation, [])
    return [measured[what] for measured in rounds]


def peaks(results, dataset, candidate):
    """The peak of each round over all operations."""
    operations = results.get(dataset, {}).get(candidate, {}).values()
    return [max(measured["peak"] for measured in one_round) for one_round in zip(*operations)]


def judge(results):
    """All targets for all data sets."""
    lines = []
    for dataset in results:
        for name, operation, what, other, limit in RATIOS:
            lines.append(judge_ratio(f"{name} ÷ {other}'s", dataset, what,
                                     values(results, dataset, OURS, operation, what),
                                     values(results, dataset, other, operation, what), limit))
        ours = peaks(results, dataset, OURS)
        lines.append(judge_ratio("peak memory ÷ 96 MiB", dataset, "peak", ours,
                                 [PEAK_LIMIT] * len(ours), 1.0))
        lines.append(judge_ratio("peak memory ÷ restic's", dataset, "peak", ours,
                                 peaks(results, dataset, "restic"), PEAK_RATIO_LIMIT))
    return lines


def print_measurements(results, stored):
    """A table for each data set: the best of each, and in brackets how far off the median is."""
    for dataset, candidates in results.items():
        print(f"\n{dataset:<12}{'operation':<12}{'wall s':>16}{'CPU s':>16}{'peak MiB':>10}"
              f"{'stored MB':>11}")
        for candidate, operations in candidates.items():
            for operation, rounds in operations.items():
                cells = ""
                for what in ("wall", "cpu"):
                    numbers = [measured[what] for measured in rounds]
                    cells += f"{best(what, numbers):>9.2f} (+{spread(what, numbers):4.0%})"
                peak = best("peak", [measured["peak"] for measured in rounds]) / MIB
                size = stored[dataset].get(candidate, 0) / 1e6 if operation == "first" else 0
                print(f"{candidate:<12}{operation:<12}{cells}{peak:>10.0f}"
                      + (f"{size:>11.1f}" if size else ""))


def print_verdicts(lines):
    """The targets, one a line."""
    print(f"\n{'target':<38}{'data set':<10}{'ratio':>7}{'limit':>7}{'spread':>8}  verdict")
    for line in lines:
        numbers = "".join(f"{'–' if line[key] is None else format(line[key], '.2f'):>{width}}"
                          for key, width in (("ratio", 7), ("limit", 7), ("spread", 8)))
        print(f"{line['target']:<38}{line['dataset']:<10}{numbers}  {line['verdict']}")
