"""What became of the report's claims, gathered from the chapters' results: for the opening page and the README."""

from helpers import claims, notebooks, page, paths, store

BEGIN, END = "<!-- verdicts: written by `make store`, from outputs/results/ -->", "<!-- end of verdicts -->"


def entries():
    """Every claim checked so far, in the order of the chapters (list of dicts, as Page.check keeps them)."""
    stored = [paths.RESULTS / f"{name}.json" for name in notebooks.names()]
    return [row for path in stored if path.is_file() for row in store.read_json(path)["claims"]]


def verdict_table(link):
    """The claims checked so far as a Markdown table.

    link : str.format template for a chapter's address, such as "{chapter}.ipynb".
    """
    lines = ["| claim | the report | measured | an interval for it | verdict |", "|:--|--:|--:|--:|:--|"]
    for row in entries():
        name = f"[{row['id']}]({link.format(chapter=row['chapter'])}) ({claims.claim(row['id']).place})"
        cells = [
            page.listed(row["reported"]),
            page.listed(row["measured"]),
            page.listed(row["interval"] or ""),
            row["verdict"],
        ]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def write_readme():
    """Renew the table of verdicts in README.md, between its two marks."""
    path = paths.ROOT / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    store.write_text(path, f"{before}{BEGIN}\n{verdict_table('notebooks/{chapter}.ipynb')}\n{END}{after}")
