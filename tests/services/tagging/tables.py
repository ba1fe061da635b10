"""Data CSVs as people make them, and what they say, for the property tests."""

from dataclasses import dataclass

from hypothesis import strategies as st

LINE_ENDS = ("\n", "\r\n", "\r")
TRUE = ("True", "true", "TRUE", "tRuE", "1", " True", "True ", "\tTrue ", '"True"', '" true "', '"1"')
FALSE = ("False", "false", "FALSE", "0", "", " ", " False ", '"False"', '""', '" 0"', "      False       ")
NASTY = st.text(st.sampled_from("abcXYZ019 _-./\\,\"\n\r;=+@'éß日😀"), max_size=12)


@dataclass(frozen=True)
class Table:
    """A file, and what it says in the order of its rows."""

    source: str
    paths: list[str]
    clips: list[str]
    cameras: list[str]
    codes: list[int]
    tags: list[list[bool]]


def quoted(cell: str) -> str:
    """A cell as the csv module would write it, quotes only where they are needed."""
    if cell.startswith('"') or any(sign in cell for sign in ',\n\r"'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@st.composite
def tables(draw: st.DrawFn, rows: int = 12) -> Table:
    """Any table in either form: quotes, commas and line ends in cells, columns in any order."""
    count = draw(st.integers(1, rows))
    form_b = draw(st.booleans())
    codes = (
        [draw(st.integers(0, 999))]
        if form_b
        else draw(st.lists(st.integers(0, 999), min_size=1, max_size=4, unique=True))
    )
    tags = draw(
        st.lists(
            st.lists(st.booleans(), min_size=len(codes), max_size=len(codes)), min_size=count, max_size=count
        )
    )
    paths = draw(st.lists(NASTY.map(lambda text: "p" + text), min_size=count, max_size=count))
    clips = draw(st.lists(st.sampled_from(["", "a", "b, c", 'd"e', "日\nx"]), min_size=count, max_size=count))
    cameras = draw(
        st.lists(st.sampled_from(["left", "right", "", "top, high"]), min_size=count, max_size=count)
    )
    columns: dict[str, list[str]] = {
        "file_path": [quoted(path) for path in paths],
        "note": [quoted(draw(NASTY)) for _ in range(count)],
        "clip_id": [quoted(clip) for clip in clips],
        "modality": [quoted(camera) for camera in cameras],
    }
    cells = [[draw(st.sampled_from(TRUE if tag else FALSE)) for tag in row] for row in tags]
    if form_b:
        columns[draw(st.sampled_from(["tag_code", "tag_codes"]))] = [str(codes[0])] * count
        columns["label"] = [row[0] for row in cells]
    else:
        for number, code in enumerate(codes):
            columns[f"tag_code_{code}"] = [row[number] for row in cells]
    # Tag columns keep their order among themselves, so that `codes` stays the order of the file.
    names = list(columns)
    for name in ("note", "clip_id", "modality", "file_path"):
        names.remove(name)
        names.insert(draw(st.integers(0, len(names))), name)
    end = draw(st.sampled_from(LINE_ENDS))
    spaces = draw(st.sampled_from(["", " "]))
    lines = [",".join(spaces + name + spaces for name in names)]
    lines += [",".join(columns[name][row] for name in names) for row in range(count)]
    tail = draw(st.sampled_from(["", end, end * 2, end + "  " + end]))
    return Table(end.join(lines) + tail, paths, clips, cameras, codes, tags)
