"""Columns of tables and descriptions."""

from hypothesis import given
from hypothesis import strategies as st

from svclab.cli.describe.text import Text
from svclab.cli.tables import Column, TableWriter, View
from svclab.cli.tabwriter import align

VIEW = View(0.0)
COLUMNS = (
    Column("NAME", lambda row, view: row[0]),
    Column("B", lambda row, view: row[1]),
    Column("C", lambda row, view: row[2]),
)


def test_cells_are_padded_by_three_and_six_wide_at_least() -> None:
    text = TableWriter(COLUMNS).text([("longer-name", "1", "x"), ("a", "2", "y")], VIEW)
    assert text == "NAME          B     C\nlonger-name   1     x\na             2     y\n"


def test_columns_never_get_narrower() -> None:
    writer = TableWriter(COLUMNS)
    writer.text([("a-long-name", "1", "x")], VIEW)
    assert writer.text([("a", "1", "x")], VIEW) == "a             1     x\n"


def test_control_characters_are_made_visible() -> None:
    assert TableWriter(COLUMNS, headers=False).text([("a\x1b[2J", "b\nc", "")], VIEW) == "a\\x1b[2J   b\\nc   \n"


def test_descriptions_show_control_characters_too() -> None:
    text = Text()
    text.field("Name", "a\x1b[2J")
    assert text.finish() == "Name:  a\\x1b[2J\n"


def test_lines_with_tabs_align_only_with_their_neighbours() -> None:
    assert (
        align("Name:\tx\nLonger name:\ty\nEvents:\n  A\tB\n") == "Name:         x\nLonger name:  y\nEvents:\n  A  B\n"
    )


def test_a_later_column_aligns_where_all_lines_have_it() -> None:
    assert align("Port:\thttp\t80\nTarget:\t8080\nNode port:\thttps\t30080") == (
        "Port:       http  80\nTarget:     8080\nNode port:  https  30080"
    )


@given(st.lists(st.lists(st.text(alphabet="ab c", max_size=5), min_size=1, max_size=4), max_size=6))
def test_alignment_keeps_every_cell(lines: list[list[str]]) -> None:
    aligned = align("\n".join("\t".join(cells) for cells in lines)).split("\n")
    for cells, line in zip(lines, aligned, strict=False):
        assert line.replace(" ", "") == "".join(cells).replace(" ", "")
