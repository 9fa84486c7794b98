"""A sheet of A4 to write on: embedded fonts, no clock, so that the same text gives the same bytes."""

import tomllib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

_FOLDER = Path(__file__).parent
_FONT = "DejaVu"
_GREY = (110, 110, 110)
_RULE = (200, 200, 200)
_MARGIN = 20


@cache
def issuer() -> dict[str, Any]:
    """Who issues, from issuer.toml."""
    return tomllib.loads((_FOLDER / "issuer.toml").read_text("utf-8"))


class Paper(FPDF):
    """Pages with the issuer at the head and the page's number at the foot."""

    def __init__(self, *, title: str, page_word: str, language: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._page_word = page_word
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN + 5)
        self.add_font(_FONT, fname=_FOLDER / "fonts" / "DejaVuSans.ttf")
        self.add_font(_FONT, style="B", fname=_FOLDER / "fonts" / "DejaVuSans-Bold.ttf")
        self.set_title(title)
        self.set_author(issuer()["name"])
        self.set_lang(language)
        self.set_creation_date(made_at)
        self.set_producer("Intercoop")
        self.alias_nb_pages("{pages}")
        self.add_page()

    def header(self) -> None:
        """The issuer."""
        self.write_line(issuer()["name"], size=13, bold=True)
        told = [*issuer()["address"], issuer()["tax_number"]]
        for text in filter(None, told):
            self.write_line(text, size=8, grey=True)
        self.ln(2)
        self.set_draw_color(*_RULE)
        self.line(_MARGIN, self.get_y(), self.w - _MARGIN, self.get_y())
        self.ln(6)

    def footer(self) -> None:
        """The page's number."""
        self.set_y(-15)
        self._pen(8, bold=False, grey=True)
        self.cell(0, 5, f"{self._page_word} {self.page_no()}/{{pages}}", align="R")

    def write_line(self, text: str, *, size: int = 10, bold: bool = False, grey: bool = False) -> None:
        """A paragraph, broken where the line ends."""
        self._pen(size, bold=bold, grey=grey)
        self.multi_cell(0, size * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def write_pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Names and values."""
        for name, value in pairs:
            self._pen(9, bold=False, grey=True)
            self.cell(45, 5.5, name)
            self._pen(10, bold=False, grey=False)
            self.multi_cell(0, 5.5, value, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def write_table(
        self, heads: Sequence[str], rows: Iterable[Sequence[str]], *, widths: Sequence[int], total: Sequence[str] = ()
    ) -> None:
        """Columns, of which those of amounts stand to the right; the heads again on each page."""
        self._pen(9, bold=False, grey=False)
        aligns = ["LEFT" if width > 0 else "RIGHT" for width in widths]
        with self.table(
            col_widths=tuple(abs(width) for width in widths),
            text_align=tuple(aligns),
            headings_style=FontFace(emphasis="BOLD", fill_color=(240, 240, 240)),
            borders_layout="HORIZONTAL_LINES",
            line_height=5.5,
            padding=1,
        ) as table:
            table.row(list(heads))
            for row in rows:
                table.row(list(row))
            if total:
                table.row(list(total), style=FontFace(emphasis="BOLD"))
        self.ln(4)

    def written(self) -> bytes:
        """The finished document."""
        return bytes(self.output())

    def _pen(self, size: int, *, bold: bool, grey: bool) -> None:
        self.set_font(_FONT, style="B" if bold else "", size=size)
        self.set_text_color(*(_GREY if grey else (0, 0, 0)))
