"""Threats and calls to violence; those against groups of people are phrase rules."""

from filters.text_analysis.term_lists.term import terms

TERMS = (
    *terms(
        "threat",
        0.9,
        en="kill yourself, kill yourselves, kys, go kill yourself, go die, die in a fire, "
        "hope you die, hope you get raped, slit your throat, cut your throat, you deserve to die, "
        "you should die, deserve to be shot",
        es="te voy a matar, voy a matarte, te mataré, muérete",
        de="ich bringe dich um, ich bring dich um, ich töte dich, ich werde dich töten, "
        "du sollst sterben",
        fr="je vais te tuer, je vais vous tuer, va crever, je te tuerai",
        pt="vou te matar, vou matar você, vou matar vocês",
        it="ti ammazzo, ti uccido, ti ucciderò, devi morire",
        ru="я тебя убью, убью тебя, сдохни, я вас убью",
        zh="我要杀了你, 我要殺了你, 去死吧",
        ja="殺してやる, ぶっ殺す, 死ね",
    ),
    # Threats if the writer announces them: see term_context.is_first_person.
    *terms(
        "threat",
        0.4,
        en="kill you, murder you, shoot you, stab you, rape you, strangle you, beat you up, "
        "burn you alive, hunt you down, find you and, hurt you, destroy you, cut you, kill him, "
        "kill her, kill them, kill your, bomb your, burn down your, blow up your, hang you",
    ),
)
