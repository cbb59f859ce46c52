"""The documents say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from restore import weights
from restore.errors import ExitCode

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_model_that_ships_has_a_passport_that_its_page_links() -> None:
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    shipped = [name for name, model in weights.lock().items() if model.embedded]
    assert [name for name in shipped if f"(models/{name}.md)" not in page] == []


def test_the_readme_lists_every_exit_code() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [code for code in ExitCode if f"| {int(code)} |" not in text] == []
