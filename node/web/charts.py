"""Charts, drawn here as SVG: rows of numbers in, a drawing and the same figures as a table out. Pure.

Nothing is scaled but lengths: letters keep their size on a phone, since places are per cents of the width.
Colours come by class from the tokens (`fill-1`, `stroke-1`), never by a style, which the policy forbids.
`chart_figure` in `templates/parts/charts.html` shows a `Chart` with its legend and its table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

__all__ = ["MOST_SERIES", "Chart", "bar_chart", "line_chart", "spark", "stacked_bar_chart"]

Number = int | Decimal
Show = Callable[[Number], str]

MOST_SERIES = 5
"""So many colours there are; more cannot be told apart."""
MOST_LINES = 3

ROW, BAR, LABEL = 46, 16, 14
"""Heights in CSS pixels: of a row of bars, of the bar in it, and down to the label's baseline."""
PLOT_TOP, PLOT, AXIS = 18, 170, 24
"""Of a line chart: above the plot, the plot, and the labels below it."""
START, ACROSS = 8, 91
"""Where the lines begin and how wide they are, in per cent: the scale is read to the left of them."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and its figures.

    Shapes: `columns` name what stands in `rows`, whose first cell each time is a name; both are words, ready
            to be read. `series` are the legend's names, none for a single one; `lines` says that they are
            told apart by dashes rather than by areas.
    """

    title: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    series: tuple[str, ...] = ()
    lines: bool = False


def bar_chart(
    chart_id: str, title: str, columns: tuple[str, str], items: Sequence[tuple[str, Number]], show: Show = str
) -> Chart:
    """A bar for each of a few names.

    Shapes: `chart_id` is unique on its page; `columns` name the names and the values.
    Units:  values are not negative; `show` puts one in words.
    Raises: ValueError for nothing to draw, or a negative value.
    """
    most = _most(value for _, value in items)
    drawn = [
        _row_words(line, name, show(value)) + _bar(line, Decimal(0), _share(value, most), 1)
        for line, (name, value) in enumerate(items)
    ]
    rows = tuple((name, show(value)) for name, value in items)
    return Chart(title, _drawing(chart_id, title, rows, columns, drawn, len(items) * ROW), columns, rows)


def stacked_bar_chart(
    chart_id: str,
    title: str,
    columns: tuple[str, ...],
    items: Sequence[tuple[str, Sequence[Number]]],
    show: Show = str,
) -> Chart:
    """A bar for each name, made of the parts that the series give it.

    Shapes: `columns` name the names, then each series, then the sum; each item has a value a series.
    Units:  values are not negative; `show` puts one in words.
    Raises: ValueError for nothing to draw, a negative value, too many series, or rows of other lengths.
    """
    series = columns[1:-1]
    _same_length(series, (values for _, values in items), MOST_SERIES)
    _most(value for _, values in items for value in values)
    most = _most(_sum(values) for _, values in items)
    drawn = []
    for line, (name, values) in enumerate(items):
        row = _row_words(line, name, show(_sum(values)))
        done = Decimal(0)
        for number, value in enumerate(values, start=1):
            share = _share(value, most)
            row += _bar(line, done, share, number)
            done += share
        drawn.append(row)
    rows = tuple((name, *map(show, values), show(_sum(values))) for name, values in items)
    svg = _drawing(chart_id, title, rows, columns, drawn, len(items) * ROW)
    return Chart(title, svg, columns, rows, series)


def line_chart(
    chart_id: str,
    title: str,
    columns: tuple[str, ...],
    points: Sequence[tuple[str, Sequence[Number | None]]],
    show: Show = str,
    unknown: str = "–",
) -> Chart:
    """How something goes on over time: a line for each series, from zero.

    Shapes: `columns` name the times, then each series; each point has a value a series, None where there was
            none, which leaves a gap.
    Units:  values are not negative; `show` puts one in words.
    Raises: ValueError for fewer than two points, a negative value, too many series, or other lengths.
    """
    series = columns[1:]
    _same_length(series, (values for _, values in points), MOST_LINES)
    if len(points) < 2:
        raise ValueError("a line needs two points")
    top = _round_up(_most((v for _, values in points for v in values if v is not None), default=1))
    drawn = [_gridline(top, part, show) for part in (2, 1, 0)]
    drawn.append(_inner(_polylines([[values[n] for _, values in points] for n in range(len(series))], top)))
    drawn += [_dots([values[n] for _, values in points], top, n + 1) for n in range(len(series))]
    drawn.append(_times([when for when, _ in points]))
    rows = tuple((when, *(unknown if v is None else show(v) for v in values)) for when, values in points)
    svg = _drawing(chart_id, title, rows, columns, drawn, PLOT_TOP + PLOT + AXIS)
    return Chart(title, svg, columns, rows, series if len(series) > 1 else (), lines=True)


def spark(values: Sequence[Number], label: str) -> Markup:
    """A line as small as a word, for a row of a table that has the figures; `label` says what it shows.

    Raises: ValueError for fewer than two values, or a negative one.
    """
    if len(values) < 2:
        raise ValueError("a line needs two points")
    top = Decimal(_most(values)) or Decimal(1)
    return Markup(
        '<svg class="spark" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}</svg>"
    ).format(label, _polylines([list(values)], top))


# --- drawing ----------------------------------------------------------------------------------------------


def _drawing(
    chart_id: str,
    title: str,
    rows: Sequence[tuple[str, ...]],
    columns: Sequence[str],
    drawn: Sequence[Markup],
    height: int,
) -> Markup:
    said = "; ".join(
        f"{row[0]}: " + ", ".join(_told(columns[n + 1], value, len(row)) for n, value in enumerate(row[1:]))
        for row in rows
    )
    return Markup(
        '<svg role="img" aria-labelledby="{0}-title" aria-describedby="{0}-desc" width="100%" height="{1}">'
        '<title id="{0}-title">{2}</title><desc id="{0}-desc">{3}.</desc>{4}</svg>'
    ).format(chart_id, height, title, said, Markup("").join(drawn))


def _told(column: str, value: str, cells: int) -> str:
    return value if cells == 2 else f"{column} {value}"


def _row_words(line: int, name: str, value: str) -> Markup:
    y = line * ROW + LABEL
    return Markup('<text x="0" y="{0}">{1}</text><text class="end" x="100%" y="{0}">{2}</text>').format(
        y, name, value
    )


def _bar(line: int, start: Decimal, width: Decimal, number: int) -> Markup:
    if width == 0:
        return Markup("")
    y = line * ROW + LABEL + 6
    return Markup('<rect class="fill-{}" x="{}%" y="{}" width="{}%" height="{}" rx="3"/>').format(
        number, _round(start), y, _round(width), BAR
    )


def _gridline(top: Decimal, part: int, show: Show) -> Markup:
    y = PLOT_TOP + PLOT - PLOT * part // 2
    value = top * part / 2
    plain: Number = int(value) if value == value.to_integral_value() else value
    kind = "gridline" if part else "baseline"
    return Markup(
        '<line class="{0}" x1="0" x2="100%" y1="{1}" y2="{1}"/><text class="tick" x="0" y="{2}">{3}</text>'
    ).format(kind, y, y - 4, show(plain))


def _inner(lines: Markup) -> Markup:
    return Markup(
        '<svg x="{}%" y="{}" width="{}%" height="{}" viewBox="0 0 100 100" preserveAspectRatio="none">'
        "{}</svg>"
    ).format(START, PLOT_TOP, ACROSS, PLOT, lines)


def _polylines(series: Sequence[Sequence[Number | None]], top: Decimal) -> Markup:
    """Paths in a square of 100 by 100, which is stretched; the pen is not."""
    drawn = []
    for number, values in enumerate(series, start=1):
        path, pen = [], "M"
        for place, value in enumerate(values):
            if value is None:
                pen = "M"
                continue
            x, y = _across(place, len(values)), 100 - 100 * Decimal(value) / top
            path.append(f"{pen}{_round(x)} {_round(y)}")
            pen = "L"
        drawn.append(
            Markup('<path class="stroke-{}" vector-effect="non-scaling-stroke" d="{}"/>').format(
                number, "".join(path)
            )
        )
    return Markup("").join(drawn)


def _dots(values: Sequence[Number | None], top: Decimal, number: int) -> Markup:
    """A dot at each value: what stands alone between two gaps would not be seen otherwise."""
    drawn = Markup("")
    for place, value in enumerate(values):
        if value is not None:
            x = START + _across(place, len(values)) * ACROSS / 100
            y = PLOT_TOP + PLOT - PLOT * Decimal(value) / top
            drawn += Markup('<circle class="fill-{}" cx="{}%" cy="{}" r="3"/>').format(
                number, _round(x), _round(y)
            )
    return drawn


def _times(names: Sequence[str]) -> Markup:
    """The first and the last time below the plot; the table has them all."""
    y = PLOT_TOP + PLOT + AXIS - 7
    return Markup(
        '<text class="tick" x="{0}%" y="{1}">{2}</text><text class="tick end" x="{3}%" y="{1}">{4}</text>'
    ).format(START, y, names[0], START + ACROSS, names[-1])


# --- reckoning --------------------------------------------------------------------------------------------


def _most(values: Iterable[Number], default: Number | None = None) -> Number:
    """The largest of some values. Raises: ValueError where there are none, or one is negative."""
    known = list(values)
    if not known and default is not None:
        return default
    if not known or min(known) < 0:
        raise ValueError("a chart needs values, none of them negative")
    return max(known)


def _same_length(series: Sequence[str], rows: Iterable[Sequence[object]], most: int) -> None:
    if not 0 < len(series) <= most:
        raise ValueError(f"a chart has one to {most} series")
    if any(len(row) != len(series) for row in rows):
        raise ValueError("each row has a value for each series")


def _sum(values: Sequence[Number]) -> Number:
    return sum(values, start=Decimal(0)) if any(isinstance(v, Decimal) for v in values) else sum(values)


def _share(value: Number, most: Number) -> Decimal:
    return Decimal(value) * 100 / Decimal(most) if most else Decimal(0)


def _across(place: int, count: int) -> Decimal:
    return Decimal(100 * place) / (count - 1)


def _round_up(most: Number) -> Decimal:
    """The next of 1, 2, 4, 6, 8 and their tens: a top whose half is round too."""
    if most <= 0:
        return Decimal(1)
    power = Decimal(10) ** Decimal(most).adjusted()
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= most)


def _round(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01')).normalize():f}"
