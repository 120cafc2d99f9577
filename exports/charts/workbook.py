"""A drawing as a workbook's own charts, over their values on the same sheet."""

from __future__ import annotations

from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.chart import AreaChart, BarChart, LineChart, Reference
from openpyxl.chart.marker import Marker
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break

from exports.charts.definition import ChartType
from exports.charts.drawing import MOST_DOTS, NO_VALUES, PALETTE, Drawing, Panel
from exports.render.xlsx import BOLD, MUTED, TITLE, fit_width_to_page, text_cell

# In centimetres; with rows of usual height a chart takes so many of them.
WIDTH, HEIGHT = 28.0, 12.0
CENTIMETRES_OF_A_ROW, CENTIMETRES_OF_A_BAR = 0.529, 0.7
FIRST_CHART_ROW = 4
LINE_WIDTH = 22225
GRID = "D9D9D9"
COLUMN_WIDTH, PLACES_WIDTH = 16, 28


def add_charts(sheet: Any, drawing: Drawing) -> None:
    """Fill the empty sheet: a chart for each unit, below them the values that they show."""
    height = (
        max(HEIGHT, CENTIMETRES_OF_A_BAR * len(drawing.places)) if drawing.type is ChartType.BAR else HEIGHT
    )
    rows_of_a_chart = int(height / CENTIMETRES_OF_A_ROW) + 2
    head_row = FIRST_CHART_ROW + rows_of_a_chart * len(drawing.panels)
    first_column = 2
    series_count = sum(len(panel.series) for panel in drawing.panels)
    sheet.column_dimensions["A"].width = PLACES_WIDTH
    for number in range(series_count):
        sheet.column_dimensions[get_column_letter(number + 2)].width = COLUMN_WIDTH
    sheet.page_setup.orientation = "landscape"
    fit_width_to_page(sheet)
    notes: dict[int, str] = {}
    for number, panel in enumerate(drawing.panels):
        row = FIRST_CHART_ROW + rows_of_a_chart * number
        if number > 0:
            sheet.row_breaks.append(Break(id=row - 1))
        if panel.is_empty:
            notes[row] = f"{panel.unit}: {NO_VALUES}"
        else:
            native = _native(sheet, drawing, panel, first_column, head_row)
            native.width, native.height = WIDTH, height
            sheet.add_chart(native, f"A{row}")
        first_column += len(panel.series)
    for number in range(1, head_row):
        sheet.append(_above(sheet, drawing, number, notes.get(number)))
    _write_values(sheet, drawing)


def _above(sheet: Any, drawing: Drawing, row: int, note: str | None) -> list[Any]:
    text = {1: drawing.title, 2: drawing.subtitle}.get(row, note)
    return [] if text is None else [text_cell(sheet, text, TITLE if row == 1 else MUTED)]


def _write_values(sheet: Any, drawing: Drawing) -> None:
    series = [series for panel in drawing.panels for series in panel.series]
    formats = [_number_format(panel) for panel in drawing.panels for _ in panel.series]
    sheet.append(
        [text_cell(sheet, text, BOLD) for text in (drawing.place_title, *(one.name for one in series))]
    )
    for number, place in enumerate(drawing.places):
        row = [text_cell(sheet, place)]
        for one, number_format in zip(series, formats, strict=True):
            cell: Any = WriteOnlyCell(sheet)
            cell.value = one.values[number]
            cell.number_format = number_format
            row.append(cell)
        sheet.append(row)


def _native(sheet: Any, drawing: Drawing, panel: Panel, first_column: int, head_row: int) -> Any:
    """The chart over the values that will stand below the head."""
    made: Any = _kind(drawing.type)
    made.title = drawing.title
    made.title.overlay = False  # pyright: ignore[reportAttributeAccessIssue] - it is made of the text
    made.x_axis.title, made.y_axis.title = drawing.place_title or None, panel.unit
    made.x_axis.delete = made.y_axis.delete = False
    made.x_axis.tickLblPos = "low"
    made.x_axis.tickLblSkip = max(1, -(-len(drawing.places) // max(1, len(drawing.ticks))))
    made.x_axis.number_format, made.y_axis.number_format = "@", _number_format(panel)
    made.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill=GRID))
    made.display_blanks = "gap"
    last_row = head_row + len(drawing.places)
    places = Reference(sheet, min_col=1, min_row=head_row + 1, max_row=last_row)
    last_column = first_column + len(panel.series) - 1
    values = Reference(sheet, min_col=first_column, max_col=last_column, min_row=head_row, max_row=last_row)
    made.add_data(values, titles_from_data=True)
    for series, color in zip(made.series, PALETTE, strict=False):
        _paint(series, drawing, color.removeprefix("#"))
    made.set_categories(places)
    if len(panel.series) > 1:
        made.legend.position = "b"
    else:
        made.legend = None
    return made


def _kind(chart_type: ChartType) -> Any:
    match chart_type:
        case ChartType.LINE:
            return LineChart()
        case ChartType.AREA:
            chart: Any = AreaChart()
            chart.grouping = "stacked"
            return chart
        case _:
            chart = BarChart()
            chart.type = "bar" if chart_type is ChartType.BAR else "col"
            if chart_type.is_stacked:
                chart.grouping, chart.overlap = "stacked", 100
            if chart_type is ChartType.BAR:
                # the first name on top, as in the table
                chart.x_axis.scaling.orientation = "maxMin"
                chart.y_axis.crosses = "max"
            chart.gapWidth = 40
            return chart


def _paint(series: Any, drawing: Drawing, color: str) -> None:
    if drawing.type is not ChartType.LINE:
        series.graphicalProperties.solidFill = color
        series.invertIfNegative = False
        return
    series.graphicalProperties.line.solidFill = color
    series.graphicalProperties.line.width = LINE_WIDTH
    series.smooth = False
    if len(drawing.places) <= MOST_DOTS:
        dot: Any = GraphicalProperties(solidFill=color)
        dot.line.solidFill = color
        series.marker = Marker("circle", size=6)
        series.marker.graphicalProperties = dot


def _number_format(panel: Panel) -> str:
    return f"#,##0.{'0' * panel.decimals}" if panel.decimals else "#,##0"
