"""Rows of other distributions: one that is no good harms nobody who does not ask for it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ran import Run, is_one_error

from restore import registry
from restore.backend import Entry, Task
from restore.errors import BackendError

GOOD = Entry("good", "fakes:Painter", (Task.COLORIZE,), "for tests")


@dataclass(frozen=True)
class Distribution:
    name: str


@dataclass(frozen=True)
class Point:
    """An entry point: what loading it gives, or raises."""

    name: str
    gives: object
    dist: Distribution | None = Distribution("acme-backends")

    def load(self) -> object:
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    points = [
        Point("lost", ModuleNotFoundError("No module named 'acme'")),
        Point("buggy", ZeroDivisionError("division by zero")),
        Point("other", GOOD),
        Point("text", "fakes:Painter"),
        Point("homeless", OSError("gone"), dist=None),
        Point("identity", RuntimeError("never loaded: the name is ours")),
        Point("good", GOOD),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    registry._table.cache_clear()
    yield
    registry._table.cache_clear()


def test_what_is_good_is_there() -> None:
    assert registry.find("good", Task.COLORIZE) is GOOD
    assert registry.names(Task.COLORIZE)[-1] == "good"
    assert registry.find("identity", Task.COLORIZE) in registry.BACKENDS
    assert registry.names(Task.DENOISE)[0] == "autoencoder"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("lost", "'lost' of acme-backends cannot be loaded: No module named 'acme'"),
        ("buggy", "'buggy' of acme-backends cannot be loaded: division by zero"),
        ("other", "'other' of acme-backends has no row of that name"),
        ("text", "'text' of acme-backends has no row of that name"),
        ("homeless", "'homeless' of an unknown distribution cannot be loaded: gone"),
    ],
)
def test_what_is_no_good_is_told_to_those_who_ask_for_it(name: str, problem: str) -> None:
    assert name not in registry.names(Task.COLORIZE)
    assert registry.row(name) is None
    with pytest.raises(BackendError) as caught:
        registry.find(name, Task.COLORIZE)
    assert str(caught.value) == f"backend {problem}"
    assert caught.value.hint
    with pytest.raises(BackendError, match=name):
        registry.load_admit(name)


def test_the_command_says_so_in_one_line(run: Run) -> None:
    assert is_one_error(run("colorize", "a.jpg", "--backend", "lost"), 7)
    assert run("models", "list").exit_code == 0
