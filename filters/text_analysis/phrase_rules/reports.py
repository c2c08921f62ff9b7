"""Phrases around an attack that make it a report or a rejection of an attack.

`BEFORE` ends where the attack begins, `AFTER` begins where the attack ends, and `AROUND` stands
anywhere outside of the quotation marks around the attack.
"""

from filters.text_analysis.phrase_rules.pattern import PhraseRule
from filters.text_analysis.phrase_rules.slots import SLOTS
from filters.text_analysis.phrase_rules.slots_of_reports import REPORTING


def _rule(
    name: str,
    *patterns: str,
    examples: tuple[str, ...],
    counterexamples: tuple[str, ...] = (),
) -> PhraseRule:
    return PhraseRule(name, patterns, examples, counterexamples, slots=SLOTS | REPORTING)


BEFORE = (
    _rule(
        "not_all",
        "not all|every|many|most|because",
        "neither",
        examples=("not all muslims are terrorists", "not every woman... not all women are stupid"),
    ),
    _rule(
        "others_say",
        "OTHERS ..4 SAY ..3",
        "OTHERS ..2 who ..3 want|wanted|wants|try|tried|hate|hates|attack ..3",
        "DONT|CANT|never|not|stop|quit|nobody|one ..3 SAY ..3",
        "^ SAY ..3",
        "a|an|the|her|his|their|this|that ..1 SAY ..2",
        "grew|growing|grow up ..1 SAY ..3",
        "to|of|by|for|about|from|like|just|is|are|was|were|been|be SAY ..3",
        examples=(
            "people who say that jews are vermin should read a book",
            "they told me that women are inferior",
            "stop saying that gays are disgusting",
            "the nazis claimed that all jews are vermin",
            "nobody should say that immigrants are criminals",
            "hearing that women are stupid hurts",
            "a landlord thinks that women are stupid",
            "i grew up hearing that gays are disgusting",
        ),
        counterexamples=("i say jews are vermin", "we think that women are inferior"),
    ),
    _rule(
        "claim_that",
        "CLAIM ..5 that|like|as|saying|reading|says|said|of|whether ..2",
        "CLAIM",
        "law|laws|rule|rules|bill|decree|policy that ..2",
        "is|was it ..1 true|fair|right that ..1",
        examples=(
            "the law that women should lose the vote was never passed",
            'statements like "gays are scum" are deeply hurtful',
            "it is a myth that immigrants are criminals",
            'the banner read "death to all jews"',
        ),
    ),
    _rule(
        "wrong_to",
        "WRONG ..3 to|that|when|if|for ..4",
        "wrong|racist|illegal|crime|evil to",
        "hate crime|speech ..3",
        "how can|could|dare|do|would ..4",
        "why do|does|did|would|should|is|are ..5",
        "if you|someone|anyone|somebody|people ..4",
        "victims|survivors of ..4",
        "DONT|CANT|never|not|stop|refuse|refuses|without|no|against ..3",
        "who ..3",
        examples=(
            "it is racist to say that mexicans are lazy",
            "why do some people think that gays are disgusting?",
            "if you think women are inferior, read this",
            "we don't want to kill all immigrants",
        ),
    ),
    _rule(
        "fiction",
        "in|of|on the|this|that|a|his|her ..1 novel|film|movie|book|play|story|series|game ..6",
        "used to ..4",
        "no|not longer|anymore ..4",
        examples=(
            "in the film, a dictator wants gays should die",
            "people used to think women are inferior",
        ),
    ),
    _rule(
        "some_persons",
        "the|two|three|four|five|some|several|his|her|their|our|few|both|my|those|a|young",
        examples=("the women are filthy after the mud run", "two men are animals in the play"),
        counterexamples=("the jews are vermin", "women are stupid"),
    ),
    _rule(
        "others_say_in_languages",
        "SAY_IN_LANGUAGES THAT? ..3",
        "WRONG_IN_LANGUAGES ..3",
        "NOT ALL_IN_LANGUAGES ..1",
        "NOT ..3",
        examples=(
            "dire que les juifs sont des rats est raciste",
            "wer sagt: juden sind ungeziefer, der hetzt",
            "no todos los gitanos son ladrones",
            "es racista decir que los negros son monos",
        ),
        counterexamples=("los negros son monos",),
    ),
)
AFTER = (
    _rule(
        "is_wrong",
        "that|this|it|such|these|which|what|those ..3 WRONG",
        "is|are|isn't|was|were|aren't ..4 WRONG",
        "he|she|they|someone|somebody|people ..2 SAY",
        "SAY|wrote|according ..4",
        "is|was|are|were ..3 what ..5 SAY",
        "is|was|are|were ..2 DONE",
        "is|was|are|were ..1 on|across ..3 placard|placards|sign|signs|poster|posters|banner|wall",
        "no ..2 that|this|it",
        "to an|its end",
        "i|we ..1 disagree|condemn|reject|denounce|oppose|reported|report|blocked",
        "is ..3 not ..3",
        "said no one",
        "not with|in us|me|our|my",
        "no way|thanks|thank",
        "shame on",
        "has|have no place",
        "need|needs|must|has|have to stop|end|go",
        examples=(
            '"gays should die" is hate speech',
            "women are inferior? that is nonsense",
            "immigrants are criminals, says the minister",
            '"kill all jews" was sprayed on the wall',
            "immigrants bring crime to an end",
            "deport refugees? not with us",
            '"death to gays" was on a poster that we tore down',
        ),
        counterexamples=("jews are vermin and that is true",),
    ),
    _rule(
        "is_wrong_in_languages",
        "IS_IN_LANGUAGES ..2 WRONG_IN_LANGUAGES",
        "SAY_IN_LANGUAGES",
        examples=(
            "tuer tous les musulmans est un crime",
            "ausländer raus ist eine nazi parole",
            "mort aux juifs, disait le tract",
        ),
        counterexamples=("ausländer raus, jetzt",),
    ),
)
AROUND = (
    _rule(
        "rejected",
        "WRONG",
        "SAY",
        "CLAIM",
        "condemn|condemned|reject|rejected|denounce|oppose|reported|banned|deleted|arrested|fined",
        "SAY_IN_LANGUAGES|WRONG_IN_LANGUAGES",
        examples=(
            'do not read this: "jews are vermin", it is propaganda',
            'das plakat "juden raus" hing 1938 als nazi parole an der wand',
        ),
    ),
)
# Phrases before an attack by which the writer agrees with it: reports that they end do not count.
ENDORSED = (
    _rule(
        "disclaimed",
        "i'm|am not a? racist|sexist|prejudiced|homophobic|bigot|hater ..2 but",
        "no|without offense|offence|disrespect|hate ..2 but?",
        "i|we DONT ..4 but",
        "i have|'ve|had nothing against ..4 but",
        "i hate to say it|this|so but?",
        "call me ..3 but",
        examples=(
            "i'm not racist but gypsies are thieves",
            "no offense, but women are stupid",
            "i don't like to say it but refugees are parasites",
            "call me old fashioned but gays are disgusting",
        ),
        counterexamples=(
            "i don't think that gypsies are thieves",
            "i'm not saying women are stupid",
        ),
    ),
    _rule(
        "asserted",
        "if you|u ask me",
        "not gonna|going to? lie",
        "to be honest|frank|blunt|clear|fair|real",
        "let's|lets face it|facts",
        "let's|lets be honest|real|frank",
        "everybody|everyone|we all? know|knows|knew that?",
        "it's|is a|an simple|plain|proven|known? fact|truth that?",
        "the|simple|plain|sad fact|truth is that?",
        "i firmly|truly|strongly|honestly|sincerely|personally|really|always believe|think|say "
        "that?",
        "i|we SO*1 believe|think|say|feel|know that?",
        "who else ..1 that?",
        "mark my words",
        "unpopular|hot|honest|my opinion|take|view is? that?",
        "there is|'s no doubt|question that?",
        examples=(
            "if you ask me, gays are disgusting",
            "not gonna lie, women are stupid",
            "let's be honest: refugees are parasites",
            "everyone knows that jews are liars",
            "it's a fact that mexicans are lazy",
            "i firmly believe that women are inferior",
            "who else thinks immigrants should be shot?",
            "unpopular opinion: trans people are freaks",
        ),
        counterexamples=(
            "he said that everyone knows that jews are liars",
            "it is not a fact that mexicans are lazy",
            "nobody should say: it's a fact that mexicans are lazy",
        ),
    ),
)
