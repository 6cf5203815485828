"""What LibreOffice makes of a CSV file."""

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

OFFICE = {
    name: f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("table", "text", "office")
}
Cell = tuple[str, bool]


def cells_of(program: str, path: Path, separators: str = ";", *, trim: bool = False) -> list[list[Cell]]:
    """Each cell's text, and whether it is a formula, as LibreOffice reads the file.

    With formulas evaluated and special numbers recognised: the least careful of the answers to its dialogue.

    Args:
        separators: the characters ticked in the dialogue.
        trim: whether blanks around a cell are stripped.
    """
    ticked = "/".join(str(ord(separator)) for separator in separators)
    stripped = "true" if trim else "false"
    subprocess.run(
        [program, f"-env:UserInstallation={(path.parent / 'profile').as_uri()}", "--headless",
         f"--infilter=CSV:{ticked},34,76,1,,0,false,true,false,false,{stripped},-1,true",
         "--convert-to", "fods", "--outdir", path.parent, path],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    rows = []
    for row in ET.parse(path.with_suffix(".fods")).iter(f"{OFFICE['table']}table-row"):
        cells: list[Cell] = []
        for cell in row.iter(f"{OFFICE['table']}table-cell"):
            lines = [_text(paragraph) for paragraph in cell.iter(f"{OFFICE['text']}p")]
            times = int(cell.get(f"{OFFICE['table']}number-columns-repeated", 1))
            shown = ("\n".join(lines), f"{OFFICE['table']}formula" in cell.attrib)
            cells += [shown] * min(times, 50)
        rows.append(cells)
    return rows


def _text(node: ET.Element) -> str:
    """A paragraph's text; runs of spaces and tabs are elements of their own."""
    spaces = {f"{OFFICE['text']}s": " ", f"{OFFICE['text']}tab": "\t"}
    text = spaces.get(node.tag, "") * int(node.get(f"{OFFICE['text']}c", 1)) + (node.text or "")
    return text + "".join(_text(child) + (child.tail or "") for child in node)
