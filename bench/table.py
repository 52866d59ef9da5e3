"""Medians, ratios, and how they are shown."""

import dataclasses
import statistics
import typing


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str
    label: str


@dataclasses.dataclass
class Row:
    name: str
    figures: typing.Sequence[Figure]
    run: typing.Callable  # (bench, peer) -> {key: number}
    only: typing.Sequence[str] = ()  # names of peers; none: all
    rounds: int = 0  # 0: as the command line says
    is_fresh: bool = False  # each run has servers of its own
    on_disk: bool = False  # whose files lie on a disk


def shown(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def spread(values):
    """Half of what lies between the least and the greatest, in percent of the median."""
    middle = statistics.median(values)
    return 100 * (max(values) - min(values)) / 2 / middle if middle else 0


def header(names):
    others = "".join(f" {name} |" for name in names[1:])
    return (f"| what | unit | {names[0]} |{others} ratio to {names[1]} | spread |\n"
            f"|---|---|---:|{'---:|' * len(names[1:])}---:|---:|")


def lines(row, names, runs):
    """`runs`: peer's name -> list of {key: number}."""
    for figure in row.figures:
        columns = {name: [run[figure.key] for run in runs.get(name, []) if figure.key in run] for name in names}
        medians = {name: statistics.median(column) if column else None for name, column in columns.items()}
        ours, reference = medians[names[0]], medians[names[1]]
        ratio = f"{ours / reference:.2f}" if ours and reference else "-"
        noise = max((spread(column) for column in columns.values() if column), default=0)
        cells = " | ".join(shown(medians[name]) for name in names)
        yield f"| {row.name} | {figure.label} | {cells} | {ratio} | ±{noise:.0f} % |"
