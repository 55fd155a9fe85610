"""The journal of a sandbox survives its end, also a crash."""

from __future__ import annotations

from pathlib import Path

from hub.connectors.sandbox_journal import Journal


def states(path: Path) -> dict[str, object]:
    """Return the state that the next process reads."""
    journal = Journal(path)
    journal.close()
    return journal.states


def test_the_newest_state_of_each_thing_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "below" / "a.jsonl"
    journal = Journal(path)
    journal.record("1", {"text": "satu\nbaris\u2028dua"})
    journal.record("2", 2)
    journal.record("1", {"text": "lagi"})
    assert len(path.read_text().splitlines()) == 3, "it is in the file at once, not when it is closed"
    journal.close()
    assert states(path) == {"1": {"text": "lagi"}, "2": 2}
    assert len(path.read_text().splitlines()) == 2, "what is out of date is left behind"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_torn_last_line_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    journal = Journal(path)
    journal.record("1", "a")
    journal.record("2", "b")
    journal.close()
    whole = path.read_bytes()
    first = whole.index(b"\n")
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        kept = (["1"] if cut >= first else []) + (["2"] if cut >= len(whole) - 1 else [])
        journal = Journal(path)
        assert list(journal.states) == kept
        journal.record("3", "c")
        journal.close()
        assert list(states(path)) == [*kept, "3"]


def test_nothing_was_written_yet(tmp_path: Path) -> None:
    assert states(tmp_path / "a.jsonl") == {}
