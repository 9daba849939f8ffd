"""Read a report's page: the evidence that it carries, and what its first section states."""

import json
from html.parser import HTMLParser
from pathlib import Path

from tweetrnn.errors import UserError
from tweetrnn.reporting.document import visible
from tweetrnn.verification.headline import row_text, tile_text

EVIDENCE = "evidence"  # the id of the script element
MOST = 100_000_000  # bytes of a page
_BLOCKS = ("p", "dt", "dd", "td", "th", "pre")  # elements with a text; none contains another


class Page(HTMLParser):
    """What verify needs of a page.

    Attributes:
        evidence: the evidence's JSON, as text; None without one.
        stated: the texts of the first section: paragraphs, tiles, rows of selected models.
        listings: the texts of ``pre`` elements, as they are.
        texts: those of all paragraphs.
    """

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.evidence, self.stated, self.listings, self.texts = None, [], [], []
        self._section = self._table = self._text = None
        self._tile, self._row = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        """Note where the parser is."""
        name = dict(attributes).get("id") or ""
        if tag == "section":
            self._section = name
        elif tag == "div" and name.startswith("table-"):
            self._table = name
        elif tag == "tr":
            self._row = []
        if tag in _BLOCKS or (tag == "script" and name == EVIDENCE):
            self._text = ""

    def handle_data(self, data):
        """Add to the text of the element that is being read."""
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag):
        """Keep the text of an element."""
        if tag == "tr" and self._table == "table-selected" and len(self._row) > 2:
            self.stated.append(row_text(self._row))
        if self._text is None or tag not in (*_BLOCKS, "script"):
            return
        whole, self._text = self._text, None
        text, first = visible(whole), self._section == "headline"
        if tag == "script":
            self.evidence = whole
        elif tag == "pre":
            self.listings.append(whole)
        elif tag in ("td", "th"):
            self._row.append(text)
        elif tag == "p":
            self.texts.append(text)
            self.stated += [text] if first else []
        elif tag == "dt":
            self._tile = [text]
        elif first:
            self._tile.append(text)
            self.stated += [tile_text(*self._tile)] if len(self._tile) == 3 else []


def read(path):
    """Return (the Page, its evidence as a JSON value) of the file ``path``.

    Raises:
        UserError: it is no file, no page of this program, cut off, or without evidence.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.stat().st_size > MOST:
        raise UserError(f"{path}: larger than {MOST / 1e6:,.0f} MB, so it is no report's page")
    text = path.read_bytes().decode("utf-8", "replace")
    if "<html" in text and not text.rstrip().endswith("</html>"):
        raise UserError(f"{path}: the page is cut off: it has no </html> at its end; get it again")
    page = Page(text)
    if page.evidence is None:
        raise UserError(
            f"{path}: this page carries no evidence; expected the report.html of a finished "
            "experiment (a partial report has none, nor has one that an older version made)"
        )
    try:
        return page, json.loads(page.evidence)
    except (ValueError, RecursionError):
        raise UserError(f"{path}: its evidence is damaged (not JSON); get the page again") from None
