"""Files that are not what they are taken for, recognized by their first bytes."""

from tweetrnn.data.text_lines import bom_encoding, codec_name
from tweetrnn.errors import UserError
from tweetrnn.wording import setting

_SIGNATURES = {
    b"\x1f\x8b": "compressed with gzip twice; unpack it once (gunzip)",
    b"BZh": "bzip2-compressed; unpack it first (bunzip2)",
    b"\xfd7zXZ\0": "xz-compressed; unpack it first (unxz)",
    b"\x28\xb5\x2f\xfd": "zstd-compressed; unpack it first (unzstd)",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (xls); save it as CSV in UTF-8",
    b"%PDF": "a PDF document",
    b"SQLite format 3\0": "an SQLite database; export the table as CSV",
    b"ARROW1": "an Arrow (Feather) file; write it as Parquet, with pyarrow.parquet.write_table",
    b"\xff\xff\xff\xff": "an Arrow stream; write it as Parquet, with pyarrow.parquet.write_table",
    b"\x89HDF": "an HDF5 file; write the table as CSV or Parquet",
    b"\x93NUMPY": "an array of NumPy; write the table as CSV or Parquet",
    b"\x80\x04\x95": "a pickle of Python; write the table as CSV or Parquet",
    b"\x80\x05\x95": "a pickle of Python; write the table as CSV or Parquet",
    b"version https://git-lfs": "a Git LFS pointer; fetch the file itself with: git lfs pull",
}
# By the places, of each four bytes, that are not zero in plain English.
_WITHOUT_MARK = {
    (0, 2): "utf-16-le",
    (1, 3): "utf-16-be",
    (0,): "utf-32-le",
    (3,): "utf-32-be",
}


def refuse_foreign(name, form, encoding, head, section):
    """Refuse a file whose first bytes are another format's, or text of another encoding.

    Args:
        name: of the file, for messages.
        form: csv, tsv, jsonl or parquet.
        encoding: of text; None for UTF-8 or what a byte order mark says.
        head: the first bytes.
        section: of the config, whose keys a message names.

    Raises:
        UserError: it is not in that format and encoding.
    """
    kind = _kind(head, form, section)
    if kind:
        what, _, advice = kind.partition("; ")
        raise UserError(f"{name}: {what}, not {form}{'; ' if advice else ''}{advice}")
    if form == "parquet":
        if head and not head.startswith(b"PAR1"):
            how = setting(section, "format", "csv, tsv or jsonl")
            raise UserError(f"{name}: not a Parquet file; {how}")
        return
    _refuse_encoding(name, encoding, head, section)


def _kind(head, form, section):
    """Return what kind of file begins with ``head``, if not one of the form, or None."""
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if head.startswith(b"PK\x03\x04"):
        if b"[Content_Types].xml" in head or b"xl/" in head:
            return "an Excel workbook (xlsx); save it as CSV in UTF-8"
        return "a zip archive; unpack it first (unzip)"
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it first (tar -xf)"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:9].lower().startswith((b"<!doctype", b"<html")):
        return "a web page; download the file itself"
    if form != "parquet" and head.startswith(b"PAR1"):
        return f"a Parquet file; {setting(section, 'format', 'parquet')}"
    if form in ("csv", "tsv") and text.startswith((b'{"', b'[{"', b"[\n", b"{\n")):
        return f"JSON; {setting(section, 'format', 'jsonl')}"
    return None


def _refuse_encoding(name, encoding, head, section):
    codec = codec_name(encoding or "utf-8", section)
    if marked := bom_encoding(head):
        if encoding and codec.removesuffix("-sig") != marked:  # utf-16-le: the mark is a letter
            raise UserError(
                f"{name}: starts with the byte order mark of {marked.upper()}, but "
                f"{section}.encoding is {encoding}; {setting(section, 'encoding', marked)}"
            )
        return
    if not codec.startswith(("utf-16", "utf-32")) and head.count(0) > len(head) / 10:
        written = tuple(at for at in range(4) if head[at::4].count(0) < len(head) / 8)
        if likely := _WITHOUT_MARK.get(written):
            how = setting(section, "encoding", likely)
            raise UserError(f"{name}: looks like {likely[:6].upper()}; {how}")
        raise UserError(f"{name}: full of NUL bytes: not text, or a damaged copy; copy it again")
