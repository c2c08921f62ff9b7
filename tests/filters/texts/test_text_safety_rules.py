"""Texts that TextSafetyRules must drop, quarantine and keep."""

import hashlib
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters import TextSafetyRules
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict

REASONS = {f"text_{each}" for each in ("sexual_minors", "pornography", "vulgarity", "offensive")}
RESOURCES = Resources(open=lambda path: pytest.fail(f"nothing is to be read: {path}"))
TABLE = [
    # plain terms by weight
    ("fuck you", "drop", "text_vulgarity"),
    ("what a shitty photo", "quarantine", "text_vulgarity"),
    ("that is a bullshit asshole", "drop", "text_vulgarity"),
    ("free porn videos online", "drop", "text_pornography"),
    ("a pornstar at a fair", "quarantine", "text_pornography"),
    ("a faggot walks down the street", "drop", "text_offensive"),
    ("heil hitler", "drop", "text_offensive"),
    # plain words of pornographic spam
    ("Horny housewife gets penetrated by two men", "drop", "text_pornography"),
    ("Young woman masturbating with a vibrator in the shower", "quarantine", "text_pornography"),
    (
        "Sexual intercourse, ejaculation and orgasm of a busty wife",
        "quarantine",
        "text_pornography",
    ),
    ("free adult videos: nude women, oral sex", "drop", "text_pornography"),
    ("mujeres desnudas, sexo oral y tetas", "drop", "text_pornography"),
    ("Hausfrauensex und nackte Frauen", "drop", "text_pornography"),
    ("was für eine Scheiße", "quarantine", "text_vulgarity"),
    ("so eine verfickte Drecksau", "drop", "text_vulgarity"),
    ("qué pendejo, vete a la chingada", "drop", "text_vulgarity"),
    ("HIV and oral sex: what doctors say", "keep", ""),
    ("sex education: contraception, penis and vagina, a diagram", "keep", ""),
    ("sperm whale swimming in the ocean", "keep", ""),
    # names of acts: enough alone, not in a text of health, education or language
    ("fellatio on the stairs", "quarantine", "text_pornography"),
    ("cunnilingus, facial ejaculation", "drop", "text_pornography"),
    ("Fellatio und Gesichtsbesamung", "drop", "text_pornography"),
    ("Doble penetración y sexo oral", "drop", "text_pornography"),
    ("Частный куннилингус", "quarantine", "text_pornography"),
    ("两人口交颜射", "drop", "text_pornography"),
    ("フェラチオと顔射", "drop", "text_pornography"),
    ("an examination of the vagina", "keep", ""),
    ("The word cunnilingus was first printed in 1887", "keep", ""),
    ("La fellation peut transmettre la syphilis", "keep", ""),
    ("Куннилингус: что говорит врач об инфекциях", "keep", ""),
    ("口交会传播梅毒吗", "keep", ""),
    ("Oralverkehr mit Kindern, sagt der Arzt", "drop", "text_sexual_minors"),
    # the end of one Chinese or Japanese word and the beginning of the next one
    ("十字路口交通信号灯", "keep", ""),
    ("港口交易大厅", "keep", ""),
    ("粉色情侣装", "keep", ""),
    ("一部叫做爱情的电影", "keep", ""),
    ("成熟女性的毛衣", "keep", ""),
    ("一列火车震动了桥", "keep", ""),
    ("纽约炮台公园", "keep", ""),
    ("一日中出しっぱなしの傘", "keep", ""),
    ("マンコ・カパックの像", "keep", ""),
    ("prostitutes in a painting by Toulouse-Lautrec", "keep", ""),
    ("amateur photographer, hardcore punk, webcam on the roof", "keep", ""),
    # disguises
    ("sh1t and b1tch", "drop", "text_vulgarity"),
    ("you a55h0le", "quarantine", "text_vulgarity"),
    ("phuck that s1ut", "quarantine", "text_vulgarity"),
    ("f u c k you", "drop", "text_vulgarity"),
    ("f.u.c.k this", "drop", "text_vulgarity"),
    ("what a f a g g o t", "drop", "text_offensive"),
    ("F  U\nC\tK", "drop", "text_vulgarity"),
    ("fuuuuuck", "drop", "text_vulgarity"),
    ("f\u200du\u200dc\u200dk you", "drop", "text_vulgarity"),
    ("fag\u200dgot", "drop", "text_offensive"),
    ("fаggоt", "drop", "text_offensive"),  # Cyrillic а and о
    ("ｆｕｃｋ", "drop", "text_vulgarity"),
    ("fück", "drop", "text_vulgarity"),
    ("fuck\u0336 you", "drop", "text_vulgarity"),
    ("blow\njob", "drop", "text_pornography"),
    ("gang-bang", "drop", "text_pornography"),
    ("gangbang_0042", "drop", "text_pornography"),
    ("the fucking 😀 dog", "drop", "text_vulgarity"),
    # other languages, and scripts without spaces
    ("hijo de puta", "drop", "text_vulgarity"),
    ("Fick dich", "drop", "text_vulgarity"),
    ("fils de pute", "drop", "text_vulgarity"),
    ("filha da puta", "drop", "text_vulgarity"),
    ("ma vaffanculo", "drop", "text_vulgarity"),
    ("ебаный дом", "drop", "text_vulgarity"),
    ("ёбаный дом", "drop", "text_vulgarity"),
    ("免费色情视频在线", "drop", "text_pornography"),
    ("無料エロ動画を見る", "drop", "text_pornography"),
    ("ดูหนังโป๊ฟรี", "drop", "text_pornography"),
    ("watch gangbangだけ", "drop", "text_pornography"),
    ("a nice day, Fick dich und geh", "drop", "text_vulgarity"),  # code-switching
    # children
    ("teen porn", "drop", "text_sexual_minors"),
    ("porn with a schoolgirl", "drop", "text_sexual_minors"),
    ("gangbang of a 13 year-old", "drop", "text_sexual_minors"),
    ("gangbang, aged 13", "drop", "text_sexual_minors"),
    ("gangbang of an 18 year-old", "drop", "text_pornography"),
    ("gangbang at 113 yo", "drop", "text_pornography"),
    ("pre-teen p0rn", "drop", "text_sexual_minors"),
    ("kinderpornos", "drop", "text_sexual_minors"),
    ("儿童色情", "drop", "text_sexual_minors"),
    ("sexy schoolgirl costume", "quarantine", "text_sexual_minors"),
    ("Man arrested for child pornography", "quarantine", "text_sexual_minors"),
    # protection of children from pornography
    ("How to block porn on your child's phone", "keep", ""),
    ("Parents: talk to your kids about pornography", "keep", ""),
    ("How porn affects teenagers and their view of love", "keep", ""),
    ("kids porn block", "drop", "text_sexual_minors"),
    ("teen porn filter", "drop", "text_sexual_minors"),
    ("how porn with kids affects you", "drop", "text_sexual_minors"),
    ("free porn, kids, no filter", "drop", "text_sexual_minors"),
    ("former teacher, kids and porn", "drop", "text_sexual_minors"),
    ("two schoolgirls film porn at home, huge impact", "drop", "text_sexual_minors"),
    ("my 12 year old daughter makes porn, addictive", "drop", "text_sexual_minors"),
    ("underage girls in the dorm block make porn", "drop", "text_sexual_minors"),
    ("little girls doing real porn, exposure guaranteed", "drop", "text_sexual_minors"),
    ("kids and adults in porn, protected folder, dm me", "drop", "text_sexual_minors"),
    ("little girls block porn filters, real porn inside", "drop", "text_sexual_minors"),
    ("a little girl's pussy among kittens", "quarantine", "text_sexual_minors"),
    # pornography as a topic, animals, and words in another sense
    ("A former porn star leaves the business", "keep", ""),
    ("A former porn star and her wet pussy", "drop", "text_pornography"),
    ("Adult dating the 1970s fossil bed", "keep", ""),
    ("Adult dating in town", "quarantine", "text_pornography"),
    ("A bitch with a litter of puppies", "keep", ""),
    ("A bitch with a bag", "quarantine", "text_vulgarity"),
    ("Pollas y patos en el estanque", "keep", ""),
    ("A big black cock and hens in the barn", "keep", ""),
    ("huge black cock and big tits, bird lovers", "drop", "text_pornography"),
    ("busty milf with big tits feeds birds", "drop", "text_pornography"),
    ("hardcore gangbang creampie festival", "drop", "text_pornography"),
    ("Free porn, no age verification", "drop", "text_pornography"),
    ("porn made at home, no harm done, warning: explicit", "quarantine", "text_pornography"),
    ("A huge black cock", "quarantine", "text_pornography"),
    # terms inside words, names, numbers
    ("Scunthorpe United", "keep", ""),
    ("S C U N T H O R P E", "keep", ""),
    ("a therapist in Essex", "keep", ""),
    ("T H E R A P I S T", "keep", ""),
    ("Middlesex cricket", "keep", ""),
    ("エセックス大学とサセックス公爵", "keep", ""),
    ("a cocktail in a glass", "keep", ""),
    ("Assassin's Creed, first class passenger", "keep", ""),
    ("Dick Van Dyke in a film", "keep", ""),
    ("ポルノグラフィティのライブ", "keep", ""),
    ("a Maine Coon and a great tit", "keep", ""),
    ("great tits and blue tits on a cock of the rock", "keep", ""),
    ("Samsung Galaxy A55, 7175 mAh, 1080p", "keep", ""),
    ("xXx, size XXXL", "keep", ""),
    ("food porn: burger and fries", "keep", ""),
    ("N I G H T   S A L E", "keep", ""),
    ("Соска и соска для детей", "keep", ""),
    # people, bodies, art, education, news, counter-speech
    ("I am a gay man", "keep", ""),
    ("a lesbian couple and a trans woman", "keep", ""),
    ("Muslim and Jewish women at a queer bar", "keep", ""),
    ("anatomy of the female breast, nipple and vagina", "keep", ""),
    ("the penis and the testicles, medical drawing", "keep", ""),
    ("Nude woman, oil on canvas", "keep", ""),
    ("Nude young girl, painting by Renoir", "keep", ""),
    ("sex education for children", "keep", ""),
    ("porn addiction recovery", "keep", ""),
    ("the word 'faggot' is a slur", "keep", ""),
    ("calling someone a faggot is wrong", "keep", ""),
    ("I am a proud dyke", "keep", ""),
    ("child abuse prevention hotline", "keep", ""),
    # nothing to judge
    ("", "keep", ""),
    ("😀😀😀", "keep", ""),
    ("DSC_0042.JPG", "keep", ""),
    # languages without a list
    ("Een rode auto staat voor een oud huis in de regen", "indeterminate", "language_unsupported"),
    ("سيارة حمراء", "indeterminate", "language_unsupported"),
    ("빨간 자동차와 집", "indeterminate", "language_unsupported"),
    ("Een rode auto staat voor een oud huis, fucking hell", "drop", "text_vulgarity"),
]


def judged(text: str, language: str = "", **options: object) -> Verdict:
    (verdict,) = (
        TextSafetyRules.model_validate(options).load(RESOURCES).judge([Text(text, language)])
    )
    return verdict


@pytest.mark.parametrize(("text", "action", "reason"), TABLE)
def test_verdicts(text: str, action: str, reason: str) -> None:
    verdict = judged(text)
    assert (verdict.action, verdict.reason) == (action, reason)
    assert set(verdict.scores) <= {reason.removeprefix("text_") for reason in REASONS}
    assert all(0 < score <= 1 for score in verdict.scores.values())


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("text", [text for text, _, _ in TABLE])
def test_all_normal_forms_of_a_text_are_judged_alike(form: str, text: str) -> None:
    assert judged(unicodedata.normalize(form, text)).action == judged(text).action


@pytest.mark.parametrize("distance", [60, 61])
def test_words_for_children_count_nearby(distance: int) -> None:
    verdict = judged(f"gangbang{'.' * distance}child")
    assert verdict.reason == ("text_sexual_minors" if distance == 60 else "text_pornography")


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({"vulgarity_at": 0.9}, "drop"),
        ({"vulgarity_at": 0.91}, "quarantine"),
        ({"vulgarity_at": 0.95, "quarantine_at": 0.91}, "keep"),
        ({"vulgarity_at": None}, "keep"),
    ],
)
def test_thresholds_are_inclusive(options: dict[str, object], action: str) -> None:
    verdict = judged("fucking", **options)
    assert verdict.action == action
    assert verdict.scores["vulgarity"] == pytest.approx(0.9)


def test_no_threshold_disables_sexual_minors() -> None:
    never = {"pornography_at": None, "vulgarity_at": None, "offensive_at": None}
    assert judged("teen porn", **never).action == "drop"


@pytest.mark.parametrize(
    ("text", "language", "languages", "action"),
    [
        ("a red car", "fi", ["en"], "indeterminate"),
        ("a red car", "en", ["en"], "keep"),
        ("a red car", "en-GB", ["en"], "keep"),
        ("Ein rotes Auto vor einem alten Haus", "", ["en"], "indeterminate"),
        ("Ein rotes Auto vor einem alten Haus", "", ["en", "de"], "keep"),
        ("rotes Auto", "", ["en"], "keep"),  # too short to detect a language: judged
        ("красная машина", "", ["en"], "indeterminate"),  # the script is not supported
    ],
)
def test_languages(text: str, language: str, languages: list[str], action: str) -> None:
    assert judged(text, language, languages=tuple(languages)).action == action


@given(st.lists(st.sampled_from([text for text, _, _ in TABLE])))
def test_batches_do_not_matter(texts: list[str]) -> None:
    together = TextSafetyRules().load(RESOURCES).judge([Text(text) for text in texts])
    assert together == [judged(text) for text in texts]


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert judged(text).action in ("keep", "drop", "quarantine", "indeterminate")


@pytest.mark.parametrize(
    "piece",
    [
        "fuck ",
        "f u c k ",
        "a " * 20,
        "teen porn ",
        "you are ",
        "a\u0301\u0316",
        "5h1t",
        "ааa",
        "!!1",
    ],
)
def test_a_long_text_takes_linear_time(piece: str) -> None:
    judged(piece * (300_000 // len(piece)))  # quadratic time would hit --timeout


def test_every_reason_is_documented() -> None:
    output = (Path(__file__).parents[3] / "docs/output.md").read_text(encoding="utf-8")
    assert not [reason for reason in REASONS if f"`{reason}`" not in output]
    assert {reason for _, _, reason in TABLE} >= REASONS


@pytest.mark.parametrize(
    "options",
    [
        {"vulgarity_at": 0},
        {"quarantine_at": 1.1},
        {"languages": ["fi"]},
        {"languages": []},
        {"drop": 1},
    ],
)
def test_senseless_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TextSafetyRules.model_validate(options)


def test_shares_of_flagged_spam_and_of_flagged_harmless_sentences() -> None:
    shares = {key: sum(values) / len(values) for key, values in _flagged("pornography").items()}
    assert min(shares["spam", "seen"], shares["spam", "held out"]) >= 0.95
    assert max(shares["harmless", "seen"], shares["harmless", "held out"]) <= 0.02


def test_shares_of_flagged_hints_and_of_flagged_harmless_sentences() -> None:
    flagged = _flagged("euphemism")
    shares = {key: sum(values) / len(values) for key, values in flagged.items()}
    assert sum(map(len, flagged.values())) == 246
    assert min(shares["spam", f"euphemisms {half}"] for half in ("seen", "held out")) > 0.9
    assert max(share for (kind, _), share in shares.items() if kind == "harmless") < 0.05


def test_the_half_of_a_sentence_follows_from_its_text() -> None:
    for _, half, _, text in _sentences("euphemism"):
        is_seen = hashlib.sha256(text.encode()).digest()[0] % 2 == 0
        assert half in ("euphemisms after", f"euphemisms {'seen' if is_seen else 'held out'}")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("naughty wives", "keep"),  # a hint without a setting
        ("in your area tonight", "keep"),  # settings without a hint
        ("naughty wives in your area", "quarantine"),
        ("casual hookup", "keep"),  # a setting inside the hint is none
        ("casual hookup tonight", "quarantine"),
        ("a peach \U0001f351 and an eggplant \U0001f346", "keep"),
        ("\U0001f351\U0001f346 for free", "quarantine"),
        ("a woman on all fours, full video", "keep"),  # a weak hint
        ("amateur couple moaning, full video", "quarantine"),  # two of them
    ],
)
def test_hints_count_beside_settings(text: str, action: str) -> None:
    assert judged(text, "en").action == action
    judge = TextSafetyRules().load(RESOURCES)
    assert judge.judge([Text(text, "en")] * 8)[0].action == action  # as in chunks


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Vete a la verga, no te quiero ver", "drop"),
        ("Qué verga de servicio", "quarantine"),
        ("Una verga es el palo horizontal que sostiene la vela del barco.", "keep"),
        ("El marinero trepa a la verga mayor", "keep"),
        ("Halt die Fresse, du Scheißkerl", "drop"),
        ("Pute mit Reis und Gemüse", "keep"),  # a turkey, and French for a whore
        ("Quel trou du cul, il fait chier", "drop"),
        ("Pastry chefs from Lyon: un gâteau sans con", "keep"),
        ("Puta que pariu, que bosta", "drop"),
        ("Um cacete de pão na padaria", "keep"),  # a loaf
        ("Che testa di cazzo, porca puttana", "drop"),
        ("Il culo del bicchiere", "keep"),
        ("Wat een klootzak, godverdomme", "drop"),
        ("Vliegen vanaf Kloten Airport", "keep"),
        ("Kurwa mać, spierdalaj", "drop"),
        ("Chuj people in Guatemala weave cotton", "keep"),
        ("Ну ты долбоёб, охуеть", "drop"),
        ("Сучка с щенками на траве", "keep"),
        ("Siktir git orospu çocuğu", "drop"),
    ],
)
def test_vulgar_words_and_their_other_meanings(text: str, action: str) -> None:
    verdict = judged(text)
    assert verdict.action == action or (action == "keep" and not _is_flagged(verdict))


def _is_flagged(verdict: Verdict) -> bool:
    return verdict.action in ("drop", "quarantine")


def _sentences(name: str) -> Iterator[list[str]]:
    file = Path(__file__).with_name(f"{name}_sentences.tsv")
    for line in file.read_text(encoding="utf-8").splitlines():
        yield line.split("\t")


def _flagged(name: str) -> dict[tuple[str, str], list[bool]]:
    flagged = dict[tuple[str, str], list[bool]]()
    for category, half, _, text in _sentences(name):
        flagged.setdefault((category, half), []).append(_is_flagged(judged(text)))
    return flagged
