"""What is written for people names files that are there, and the decisions have one form and an index."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
DECISION = re.compile(
    r"# (?P<number>\d{4}) (?P<title>[^\n]+)\n\n"
    r"Date: (?P<date>\d{4}-\d{2}-\d{2})\nStatus: accepted\n\n"
    r"## Context\n\n.+\n\n## Decision\n\n.+\n\n## Consequences\n\n.+",
    re.DOTALL,
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_paths_that_contributors_are_led_to_are_there() -> None:
    paths = re.findall(r"`([\w./-]+/[\w./-]*)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_decisions_have_one_form_and_an_index_that_names_each() -> None:
    expected = []
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        decision = DECISION.fullmatch(path.read_text())
        assert decision is not None, f"{path.name}: see {DECISIONS.name}/README.md for the form"
        assert path.name.startswith(decision["number"])
        expected.append(f"| [{decision['number']}]({path.name}) | {decision['title']} | {decision['date']} |")
    index = (DECISIONS / "README.md").read_text().splitlines()
    assert [line for line in index if line.startswith("| [")] == expected
