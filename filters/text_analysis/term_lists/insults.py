"""Insults, which mean little without a target."""

from filters.text_analysis.term_lists.term import terms

TERMS = (
    *terms(
        "insult",
        0.3,
        en="idiot, idiots, moron, morons, imbecile, imbeciles, stupid, dumb, dumbass, loser, "
        "losers, "
        "scum, pathetic, worthless, ugly, trash, garbage, disgusting, retard, retards, retarded, "
        "bitch, bitches, whore, whores, slut, sluts, asshole, assholes, bastard, bastards, cunt, "
        "cunts, jerk, dimwit, dipshit, coward, cowards, subhuman, vermin, parasite, parasites, "
        "piece of shit, piece of trash, piece of garbage, waste of space, waste of oxygen, pig, "
        "pigs, fucker, fuckers, motherfucker, shithead, dickhead, wanker, twat, prick, dick",
        es="idiota, idiotas, imbécil, imbéciles, estúpido, estúpida, tonto, tonta, basura, puta, "
        "cabrón, gilipollas, mierda",
        de="idiot, idioten, vollidiot, dumm, dummkopf, trottel, abschaum, arschloch, schlampe, "
        "wichser, hurensohn, missgeburt",
        # "con" alone is left out: it is Spanish and Italian for "with".
        fr="idiot, idiote, idiots, imbécile, imbéciles, crétin, crétine, sale con, gros con, "
        "pauvre con, conne, débile, connard, connasse, salope, merde",
        pt="idiota, idiotas, imbecil, burro, burra, estúpido, estúpida, lixo, merda, puta",
        it="idiota, idioti, imbecille, cretino, cretina, scemo, scema, stronzo, stronza, merda, "
        "puttana, coglione",
        ru="идиот, идиотка, идиоты, дурак, дура, тупой, тупая, урод, тварь, мразь, дебил, дебилы, "
        "мудак, сука",
        zh="白痴, 笨蛋, 蠢货, 废物, 垃圾, 贱人, 傻逼, 婊子",
        ja="馬鹿, バカ, ばか, アホ, クズ, ゴミ, ブス, クソ野郎",
    ),
)
