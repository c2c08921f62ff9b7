"""Names and phrases in which a term means something else; terms inside them do not count."""

from filters.text_analysis.term_lists.term import terms

TERMS = terms(
    "innocent",
    0.0,
    en="dick van dyke, moby dick, dick cheney, dick tracy, philip k dick, spotted dick, "
    "pussy willow, pussy willows, pussy cat, pussy riot, great tits, blue tits, coal tits, "
    "willow tits, long tailed tits, cock of the rock, cock a leekie, turkey cock, weather cock, "
    "maine coon, maine coons, coon cat, coon hound, bitches brew, cum laude, horny toad, "
    "horny goat weed, chink in the, chinks in, chink of, chinks of, spic and span, fag end, "
    "fag packet, wild ass, wild asses, food porn, earth porn, car porn, ruin porn, "
    "cabin porn, word porn, book porn, naked eye, naked mole rat, naked mole rats, naked "
    "cake, naked juice, naked gun, "
    "naked truth, "
    "nude lipstick, nude heels, nude color, nude colour, nude pumps, nude nails, nude palette, "
    "sex education, sex ed, same sex, sex of the baby, opposite sex, sex and the city, "
    "sex pistols, sex discrimination, sex chromosome, sex chromosomes, oilseed rape, rape field, "
    "rape seed, high school musical, teen titans, hate crime, hate speech, sieg heil salute",
    fr="art nègre, tapette à souris, en retard, de retard, du retard, le retard, un retard, "
    "sans retard, au retard, mon retard, son retard, aucun retard, grand retard, retard de, "
    "retards de",
    sv="slut på, till slut, före slut, efter slut, ta slut, tar slut, är slut, slut med, slut för",
    de="arsch der welt",
    es="culo de botella",
    ja="ポルノグラフィティ, 死ねない, 死ねば, 死ねる, 裸足, 裸眼, 赤裸々, 裸電球, ゴミ箱, "
    "ゴミ袋, ばかり",
    zh="垃圾桶, 垃圾箱, 垃圾车, 垃圾袋, 垃圾分类, 废物利用",
)
