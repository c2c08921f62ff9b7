"""The slots of the rules about grievances and wishes."""

from filters.text_analysis.phrase_rules.group_words import words

SLOTS_OF_GRIEVANCES: dict[str, tuple[str, ...]] = {
    "DYING": words(
        "run over, dies, die, rots, rot, burns, burn, suffers, killed, get shot, gets shot, "
        "deported, drowns, drown, starves, starve, cancer, gets sick, beaten up, hanged"
    ),
    "LOW_PLACE": words(
        "bottom, sea, gutter, garbage, dump, trash, grave, ground, mud, sewer, ditch, landfill, "
        "asylum, chains, graveyard, cemetery"
    ),
    "BLOW_UP": words("burn down, burn that, burn the, blow up, shoot up, set fire to"),
    "REGRET": words("regret, robbed, sorry, lose, pay for it, cheated, lied to, bankrupt"),
    "TOO_GOOD_FOR": words("too good for"),
    "DESERVED": words("everything, whatever, all the hate, every bit, all that, all they"),
    "SPLIT_VERB": words("lock, round, beat, kick, throw, wipe, hunt, chase"),
    "SPLIT_PARTICLE": words("up, away, out, off, back, down"),
    "PRIVILEGE": words(
        "right, rights, same rights, vote, say, jobs, benefits, freedom, houses, housing, "
        "citizenship"
    ),
    "ENTITLED": words(
        "they own, they rule, they run, they are better, they can do, they can get away, they are "
        "special, they deserve more, the world owes"
    ),
    "BAD": words("terrible, awful, bad, horrible, lousy, poor, useless, disgusting, dreadful"),
}
