"""Slurs, and slogans of people who used them; words that groups use for themselves are left out."""

from filters.text_analysis.term_lists.term import terms

TERMS = (
    *terms(
        "slur",
        0.9,
        en="nigger, niggers, sand nigger, faggot, faggots, kike, kikes, spics, wetback, wetbacks, "
        "gook, gooks, raghead, ragheads, towelhead, towelheads, porch monkey, jigaboo, pakis, "
        "heil hitler, gas the jews, n*gger, n*ggers, f*ggot",
        es="maricón, maricones, sudaca, sudacas, negro de mierda, moro de mierda",
        de="schwuchtel, schwuchteln, judensau, untermensch, untermenschen",
        fr="bougnoule, bougnoules, pédé, pédés, youpin, youpins, sale arabe, sale juif, sale noir",
        pt="traveco, travecos, preto imundo",
        it="frocio, froci, negro di merda",
        ru="ниггер, ниггеры, пидор, пидоры, пидорас, пидорасы, жиды, жидов",
        zh="黑鬼, 死基佬",
        ja="チョン公, チョンコ",
    ),
    *terms(
        "slur",
        0.6,
        any="(bunch|pack|load|gang) of (dykes|coons|chinks|fags|lesbos|spics|homos), "
        "(fucking|ugly|stupid|dirty|filthy|damn|nasty) "
        "(dyke|dykes|coon|coons|chink|spic|homo|homos|lesbo|lesbos), "
        "(gyppo|gypo|pikey|poofter|lesbo|troon|muzzie|camel jockey|curry muncher|zipperhead|"
        "dothead|mudslime)(|s), "
        "beaner, beaners, darkie, darkies, tranny, trannies, sieg heil, white power, "
        "hitler was right, hitler did nothing wrong",
        en="fag, fags, chinks, paki, retard, retards",
        de="neger, negern, kanake, kanaken",
        fr="nègre, nègres, négresse",
        pt="viado, viados",
        it="ricchione, terrone, terroni",
        ru="хачи, чурки, жид",
        ja="キチガイ",
    ),
    *terms(
        "slur",
        0.3,
        en="nigga, niggas, coon, coons, chink, spic, dyke, dykes, retarded",
        fr="tapette",
        pt="bicha",
        ru="хохол",
        zh="支那人",
    ),
)
