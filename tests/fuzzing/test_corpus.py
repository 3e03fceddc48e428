"""Every input that was kept, through its target; and no reader without one."""

from __future__ import annotations

import pytest

from .changing import changed
from .registry import READERS, TARGETS, WITHOUT, fed
from .targets import CORPUS, LARGEST_INPUT, Target


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_input_that_is_kept_is_read_as_promised(target: Target) -> None:
    assert target.corpus
    for file in target.corpus:
        target(file.read_bytes())


def test_each_folder_of_inputs_is_a_targets_and_small() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
    files = [file for target in TARGETS.values() for file in target.corpus]
    assert max(file.stat().st_size for file in files) <= LARGEST_INPUT


def test_each_reader_has_a_target() -> None:
    """One that is new gets a target, or a line in WITHOUT that says why it needs none."""
    assert len(READERS) > 100
    assert set(READERS) - fed() - set(WITHOUT) == set()


def test_what_needs_no_target_is_there_and_has_none() -> None:
    modules = {name.rpartition(".")[0] for name in READERS}
    named = {name for name in WITHOUT if name.rpartition(".")[0] in modules}
    assert named <= set(READERS)
    assert not named & fed()


def test_a_document_stays_one_however_it_is_changed() -> None:
    document = b'{"a": [1, "x", {"b": null}], "c": 2.5}'
    others = {changed(document, 10_000, seed) for seed in range(200)}
    assert None not in others
    assert len(others) > 100
    assert changed(b"no document", 100, 1) is None
    assert changed(document, 5, 1) is None
