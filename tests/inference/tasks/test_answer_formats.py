"""Tests formats of answers, and answers that are to be chosen from a list."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inference import Prompt, Vqa
from inference.families import FAMILIES
from inference.tasks.answer_formats import Format, is_well_formed
from inference.tasks.choices import MOST_CHOICES
from schemas.generation import Generation, Token
from schemas.sample import Sample, Text

FAMILY = FAMILIES["paligemma"]
TABLE = "<table><thead><tr><th>a</th></tr></thead><tr><td>1 <b>2</b><br></td></tr></table>"
SMILES = [
    "C",
    "CCO",
    "c1ccccc1",
    "CC(=O)Oc1ccccc1C(=O)O",  # aspirin
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",  # caffeine
    "C[C@H](N)C(=O)O",
    "F/C=C/F",
    "[Na+].[Cl-]",
    "[13CH4]",
    "[Cu+2]",
    "[se]1cccc1",
    "[OH:1]C",
    "C%12CC%12",
    "C=1CCC=1",
    "C(.C)C",
    " CCO\n",
    "[C@TH1](F)(Cl)(Br)I",
    "*C#N",
    "C[N+](=O)[O-]",
    "CN(=O)=O",
    "OS(=O)(=O)O",
    "O=P(O)(O)O",
    "FS(F)(F)(F)(F)F",
    "O=c1cc[nH]cc1",
    "O=n1ccccc1",
    "Cn1cccc1",
    "c1ccc2ccccc2c1",  # naphthalene
    "B(F)(F)F",
    "[CH5+]",
    "C#C.Cl",
    "F.F.F",
    "C%10CC%10.C",
]
NO_SMILES = [
    "",
    "ethanol",
    "C(",
    "C)",
    "C()",
    "C1CC",
    "C=",
    "=C",
    "C==C",
    "C..C",
    "[Xx]",
    "[C",
    "C11",
    "C=1CC#1",
    "(C)",
    "CC O",
    "1CC1",
    "C.",
    "[CH+16]",
    "C" * 10_001,
    "C²",
    "C(C)(C)(C)(C)C",
    "C=C(=C)C=C=C(C)(C)C",
    "CFC",
    "C=Cl",
    "COC(=O)=O",
    "O(C)(C)C",
    "N(C)(C)(C)(C)(C)C",
    "C1#CC1=C=C#C",
    "FS(F)(F)(F)(F)(F)F",
    "B(F)(F)(F)F",
    "c1ccccc1(C)(C)C",
    "C=1(C)(C)CC=1",
]
SCORE = (
    '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Piano</part-name>'
    '</score-part></part-list><part id="P1"><measure number="1"><note><pitch><step>C</step>'
    "<octave>4</octave></pitch><duration>4</duration></note></measure></part></score-partwise>"
)
HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD '
    'MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">'
)
TIMEWISE = (
    '<score-timewise><part-list><score-part id="P1"/></part-list>'
    '<measure number="1"><part id="P1"/></measure></score-timewise>'
)


def sample(**texts: str) -> Sample:
    """A sample whose texts have the names with `_` as dots."""
    named = {name.replace("_", "."): Text(text) for name, text in texts.items()}
    return Sample("a.tar", 0, named, b"", 8, 8)


@pytest.mark.parametrize(
    ("format", "text", "expected"),
    [
        ("text", "", True),
        *(
            ("number", text, True)
            for text in ("12", "-3.5", ".5", "1,200", "1,200.5", "80%", "80 %")
        ),
        *(("number", text, False) for text in ("", "-", "two", "1,20", "12 cm", "1 2", "%", "1e5")),
        *(("json", text, True) for text in ("{}", '{"a": [1, null]}', '"a"', "9" * 5000)),
        *(("json", text, False) for text in ("", "{", "{'a': 1}", "NaN", "[1,]", "{} {}")),
        ("json", "[" * 100_000, False),
        ("html_table", TABLE, True),
        ("html_table", f" {TABLE}\n", True),
        *(("html_table", TABLE[:length], False) for length in range(len(TABLE))),
        ("html_table", TABLE * 2, False),
        ("html_table", "<table></table>", False),
        ("html_table", "<table><td>a</td></table>", False),
        ("html_table", "<table><tr>a<td>b</td></tr></table>", False),
        ("html_table", "<table><tr><td>a</tr></td></table>", False),
        ("html_table", "<p><table><tr><td>a</td></tr></table></p>", False),
        ("html_table", "<table>" + "<b>" * 100_000, False),
        ("html_table", "a table", False),
        *(("smiles", text, True) for text in SMILES),
        *(("smiles", text, False) for text in NO_SMILES),
        ("musicxml", SCORE, True),
        ("musicxml", f"\n{HEADER}{SCORE} ", True),
        ("musicxml", TIMEWISE, True),
        *(("musicxml", SCORE[:length], False) for length in range(0, len(SCORE), 9)),
        ("musicxml", SCORE * 2, False),
        ("musicxml", SCORE.replace('<part id="P1"', '<part id="P2"'), False),
        ("musicxml", SCORE.replace("measure", "bar"), False),
        ("musicxml", "<score-partwise/>", False),
        ("musicxml", "<html><body/></html>", False),
        ("musicxml", f'<!DOCTYPE a [<!ENTITY b "c">]>{SCORE}', False),
        ("musicxml", "<score-partwise>" + "<a>" * 100_000, False),
        ("musicxml", SCORE.replace("</step>", "\ud800</step>"), False),
    ],
)
def test_what_is_well_formed(format: Format, text: str, expected: bool) -> None:
    assert is_well_formed(text, format) == expected


@given(st.text(alphabet='<>/"[]{}:,.0123456789tablerd -%&;!'))
def test_any_answer_can_be_checked(text: str) -> None:
    for format in ("number", "json", "html_table", "smiles", "musicxml", "kern"):
        is_well_formed(text, format)  # type: ignore[arg-type]


@given(
    st.sampled_from([("B", 3), ("C", 4), ("N", 5), ("O", 2), ("P", 5), ("S", 6), ("Br", 1)]),
    st.lists(st.sampled_from([("", 1), ("-", 1), ("/", 1), ("=", 2), ("#", 3)]), max_size=8),
)
def test_the_bonds_of_an_atom_add_up_to_its_valence_at_most(
    atom: tuple[str, int], bonds: list[tuple[str, int]]
) -> None:
    symbol, valence = atom
    molecule = symbol + "".join(f"({bond}C)" for bond, _ in bonds)
    expected = sum(order for _, order in bonds) <= valence
    assert is_well_formed(molecule, "smiles") == expected
    assert is_well_formed(f"[{symbol}]" + molecule.removeprefix(symbol), "smiles")
    by_rings = "".join(f"{bond}{number}" for number, (bond, _) in enumerate(bonds))
    ends = "".join(f".C{number}" for number in range(len(bonds)))
    assert is_well_formed(f"{symbol}{by_rings}{ends}", "smiles") == expected


@given(
    st.recursive(st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists)
)
def test_written_json_is_well_formed(value: object) -> None:
    assert is_well_formed(json.dumps(value), "json")


def test_an_answer_in_another_form_is_stored_and_not_complete() -> None:
    task = Prompt(text="how many?", format="number")
    assert task.parse(Generation((), " 12\n"), sample(), FAMILY) == ("12", True)
    assert task.parse(Generation((), "twelve"), sample(), FAMILY) == ("twelve", False)
    assert Vqa(question="?").parse(Generation((), "twelve"), sample(), FAMILY)[1]


def test_choices_are_joined_as_the_checkpoints_were_asked() -> None:
    fixed = Vqa(question="which?", choices=("red car", "bus"))
    prompt = "answer en which? choose from: red car \t bus"
    assert FAMILY.task_prompt(fixed, sample()) == prompt
    named = Vqa(question="which?", choices_field="c")
    assert named.fields() == named.list_fields() == ("c",)
    assert FAMILY.task_prompt(named, sample(c=" red  car\n\nbus\nbus")) == prompt
    assert FAMILY.task_prompt(named, sample(c_0="red car", c_1="bus")) == prompt
    assert FAMILY.task_prompt(named, sample(c=" \n")) is None
    assert FAMILY.task_prompt(named, sample()) is None
    many = FAMILY.task_prompt(named, sample(c="\n".join(map(str, range(100)))))
    assert many is not None
    assert many.endswith(f" {MOST_CHOICES - 1}")


@pytest.mark.parametrize(("answer", "chosen"), [("Red  car", True), ("bus", True), ("cars", False)])
def test_another_answer_than_the_choices_is_not_complete(answer: str, chosen: bool) -> None:
    for task, example in (
        (Vqa(question="which?", choices=("red car", "bus")), sample()),
        (Vqa(question="which?", choices_field="c"), sample(c="red car\nbus")),
    ):
        assert task.parse(Generation((), answer), example, FAMILY) == (answer, chosen)


@pytest.mark.parametrize(
    "keys",
    [
        {"choices": ("a",), "choices_field": "b"},
        {"choices": ("a\nb",)},
        {"choices": tuple(map(str, range(33)))},
        {"choices": ("a", "b", "a")},
        {"choices": ("a",), "choose_by": "likelihood"},
        {"choose_by": "mean_logprob"},
        {"choices": ("1", "2"), "format": "number"},
        {"choices_field": "b", "format": "json"},
        {"choices_field": "b", "choose_by": "likelihood", "max_new_tokens": 4},
    ],
)
def test_wrong_choices_are_refused(keys: dict[str, Sequence[str]]) -> None:
    with pytest.raises(ValidationError, match=r"choices|choose_by"):
        Vqa.model_validate({"question": "which?", **keys})


def scored(text: str, *logprobs: float) -> Generation:
    return Generation(tuple(Token(0, "", each) for each in logprobs), text)


def test_the_likeliest_choice_is_taken_and_the_first_of_equal_ones() -> None:
    choices = [scored("a b", -0.5, -0.5, -0.5), scored("c", -0.7, -0.7), scored("d", -1.0, -0.4)]
    for choose_by, text, values in (
        ("likelihood", "c", (-1.5, -1.4, -1.4)),
        ("mean_logprob", "a b", (-0.5, -0.7, -0.7)),
    ):
        task = Vqa.model_validate(
            {"question": "?", "choices": ("a b", "c", "d"), "choose_by": choose_by}
        )
        chosen = task.choose(choices)
        assert chosen.text == text
        assert chosen.choice_logprobs == pytest.approx(values)
        assert task.parse(chosen, sample(), FAMILY) == (text, True)


def test_a_choice_that_was_cut_or_left_out_makes_the_answer_partial() -> None:
    task = Prompt(text="?", choices_field="c", choose_by="likelihood")
    for text, whole in (
        ("a\nb\n \na", True),
        ("a\n" + "x" * 512, True),
        ("a\n" + "x" * 513, False),
        ("\n".join(map(str, range(MOST_CHOICES))), True),
        ("\n".join(map(str, range(MOST_CHOICES + 1))), False),
    ):
        assert task.choices_of(sample(c=text))[0] in ("a", "0")
        assert task.parse(scored("a"), sample(c=text), FAMILY) == ("a", whole)
    assert FAMILY.task_prompt(task, sample(c="a")) == "?"
    assert FAMILY.task_prompt(task, sample()) is None
