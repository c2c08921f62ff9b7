"""Scores in **kern that follow the rules are whole; those that are cut or changed are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.tasks.answer_formats import is_well_formed
from inference.tasks.kern import is_kern

SCORE = """\
!!!COM: nobody
**kern\t**kern\t**dynam
*clefF4\t*clefG2\t*
*k[b-]\t*M3/4\t*
!\t! a comment\t!
=1-\t=1-\t=1-
4BB- 4D\t8.dd#\\L\tp
.\t16een\\Jk\t.
*\t*^\t*
[2F_\t4a\t(2c;\tf <
.\tqb\t.\t.
.\t4ryy\t.\t.
*\t*v\t*v\t*
=2:|!\t=2:|!\t=2:|!
2%3GG 2%3BB\t0rgg\t.
==\t==\t==
*-\t*-\t*-
!! the end
"""


def test_a_score_with_everything_is_whole() -> None:
    assert is_kern(SCORE)
    assert is_kern(SCORE.replace("\n", "\r\n"))
    assert is_kern(SCORE.strip())
    assert is_well_formed(SCORE, "kern")


def test_no_cut_score_is_whole() -> None:
    whole = SCORE.removesuffix("!! the end\n").rstrip("\n")
    assert not any(is_kern(whole[:length]) for length in range(len(whole)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("**kern\t**kern\t", "**text\t**text\t"),  # no spine of notes
        ("**kern\t**kern\t", "**kern\tkern\t"),
        ("**kern\t**kern\t", "**kern\t**kern\t**kern\t"),
        ("*\t*^\t*", "*\t*\t*"),  # a split that is not there
        ("*\t*v\t*v\t*", "*\t*v\t*\t*"),  # nothing to join
        ("*\t*v\t*v\t*", "*v\t*\t*\t*v"),  # not neighbors
        ("*\t*v\t*v\t*", "*\t*\t*v\t*v"),  # of two types
        ("*\t*v\t*v\t*", "*x\t*\t*\t*"),
        ("*-\t*-\t*-", "*-\t*-\t*"),  # an open spine
        ("*-\t*-\t*-", "*-\t*-\t*-\n4c\t4c\tp"),  # notes after the end
        ("=2:|!\t=2:|!\t=2:|!", "=2:|!\t=2:|!\t."),
        ("=2:|!\t=2:|!\t=2:|!", "=x\t=x\t=x"),
        ("\t16een", "\t"),  # an empty token
        ("16een", "16"),
        ("16een", "een"),  # no duration
        ("16een", "16ef"),  # two pitches
        ("16een", "16e8"),
        ("16een", "16ee####"),
        ("16een", "#16ee"),
        ("4BB- 4D", "4BB-  4D"),
        ("4BB- 4D", "4BB- D4D"),
        ("4ryy", "4yy"),
        ("4ryy", "4rryy"),
        ("!\t! a comment\t!", "!\t! a comment"),
        ("!\t! a comment\t!", ""),
        ("!\t! a comment\t!", "!\t.\t."),
        (".\tqb\t.\t.", ".\tb\t.\t."),
        (".\tqb\t.\t.", ".\tq\x00b\t.\t."),
        (".\tqb\t.\t.", ".\tqb\t.\t.\t."),
    ],
)
def test_a_changed_score_is_not(old: str, new: str) -> None:
    assert SCORE.count(old) == 1
    assert not is_kern(SCORE.replace(old, new))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("4c", False),
        ("**kern\n*-", False),  # no note
        ("**kern\n.\n*-", False),
        ("**kern\n4c\n*-", True),
        ("**kern\n4r\n*-\n", True),
        ("**kern\n*+\n*\t**kern\n4c\t4e\n*x\t*x\n*-\t*-", True),
        ("**kern\n*+\n4c\t4e\n*-\t*-", False),
        ("**kern\t**text\n*x\t*x\nla\t4c\n*-\t*-", True),
        ("**kern\t**text\n*x\t*x\n4c\tla\n*-\t*-", False),
        ("**kern\t**kern\n4c\t4c\n*-\t*\n4d\n*-", True),
        ("**kern\n**kern\n4c\n*-", False),
    ],
)
def test_small_scores(text: str, expected: bool) -> None:
    assert is_kern(text) == expected


@st.composite
def scores(draw: st.DrawFn) -> str:
    """Write scores whose spines are split, joined and ended at random."""
    spines = draw(st.integers(1, 4))
    lines = ["\t".join(["**kern"] * spines)]
    notes = st.sampled_from(["4c", "8.ff#", "16BB-", "4r", "2c 2e 2g", "[4a-", "qdd"])

    def add(token: st.SearchStrategy[str]) -> None:
        lines.append("\t".join(draw(token) for _ in range(spines)))

    add(notes)
    for _ in range(draw(st.integers(0, 12))):
        place = draw(st.integers(0, spines - 1))
        match draw(st.sampled_from(["notes", "bar", "split", "join", "end", "comment"])):
            case "notes":
                add(notes | st.just("."))
            case "bar":
                add(st.just(f"={len(lines)}"))
            case "split" if spines < 20:
                lines.append("\t".join(["*"] * place + ["*^"] + ["*"] * (spines - place - 1)))
                spines += 1
            case "join" if spines - place > 1:
                lines.append("\t".join(["*"] * place + ["*v"] * 2 + ["*"] * (spines - place - 2)))
                spines -= 1
            case "end" if spines > 1:
                lines.append("\t".join(["*"] * place + ["*-"] + ["*"] * (spines - place - 1)))
                spines -= 1
            case _:
                lines.append("!! a comment")
    add(st.just("*-"))
    return "\n".join(lines)


@settings(deadline=None)
@given(scores(), st.data())
def test_written_scores_are_whole_and_none_of_their_lines_can_be_a_token_longer(
    score: str, data: st.DataObject
) -> None:
    assert is_kern(score)
    lines = score.split("\n")
    numbers = [number for number, line in enumerate(lines) if not line.startswith("!!")]
    number = data.draw(st.sampled_from(numbers[1:]))
    lines[number] += "\t" + lines[number].split("\t")[-1]
    assert not is_kern("\n".join(lines))


@given(st.text(alphabet="*kern\t\n^v-+x=.!4cr #"))
def test_any_text_can_be_checked(text: str) -> None:
    is_kern(f"**kern\n{text}")


def test_hostile_texts_are_refused() -> None:
    assert not is_kern("**kern\n" + "*^\n" * 100_000)
    assert not is_kern("**kern\n" + "4c " * 100_000 + "\n*-")
    assert not is_kern("\t".join(["**kern"] * 2000) + "\n" + "*^\t" * 1999 + "*^")
    assert not is_kern("**kern\n" + "1" * 100_000 + "\n*-")
