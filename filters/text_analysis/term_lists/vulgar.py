"""Vulgar words in their common spellings."""

from filters.text_analysis.term_lists.term import terms

TERMS = (
    *terms(
        "vulgar",
        0.9,
        en="fuck, fuck you, fuck off, fucks, fucked, fucker, fuckers, fucking, fuckin, fuckface, "
        "motherfucker, "
        "motherfuckers, motherfucking, mother fucker, cunt, cunts, cocksucker, cocksuckers",
        es="puta madre, a la verga, hijo de puta, hija de puta, hijos de puta, hijueputa, "
        "la concha de tu madre",
        de="fotze, fotzen, ficken, fick dich, hurensohn, hurensöhne",
        fr="enculé, enculés, nique ta mère, fils de pute, va te faire foutre",
        pt="filho da puta, filha da puta, foda se, vai se foder, vai tomar no cu",
        it="vaffanculo, figlio di puttana, figli di puttana",
        ru="хуй, хуя, хуевый, нахуй, пизда, пиздец, блядь, блять, бляди, ебать, ебаный, заебал, "
        "ебанутый",
        zh="操你妈, 肏你妈, 傻逼, 傻屄",
    ),
    *terms(
        "vulgar",
        0.6,
        any="shit, shits, shitty, shitting, bullshit, shithead, shitheads, dipshit, asshole, "
        "assholes, arsehole, arseholes, dickhead, dickheads, bitch, bitches, whore, whores, "
        "wanker, wankers, douchebag, douchebags, f*ck, f**k, f*cking, f**king, f***ing, "
        "c*nt, motherf*cker",
        en="slut, sluts, twat, twats",
        es="puta, putas, putos, putada, mierda, mierdas, cabrón, cabrones, cabrona, gilipollas, "
        "coño, chingar, chingada, chingado, chingadera, chinga tu, pendejo, pendejos, pendeja, "
        "verga, culero, culeros, jodido, jodida, jódete, cojones, carajo, comemierda, "
        "malparido, zorra asquerosa",
        de="scheiße, scheisse, scheiß, scheiss, beschissen, beschissene, arschloch, arschlöcher, "
        "wichser, schlampe, schlampen, verfickt, verfickte, verfickter, verdammte scheiße, nutte, "
        "nutten, hure, huren, drecksau, drecksack, pisser, fickt, gefickt, fickst, miststück, "
        "arschgeige, pimmel, möse, mösen, titten",
        fr="merde, putain, connard, connards, connasse, salope, salopes, ta gueule",
        pt="caralho, porra, merda, puta, putas",
        it="cazzo, stronzo, stronza, stronzi, puttana, coglione, coglioni",
        ru="сука, суки, мудак, мудаки, говно, шлюха, шлюхи",
        zh="他妈的, 王八蛋, 婊子",
        ja="クソ野郎, くそったれ, ちんこ",
    ),
    *terms(
        "vulgar",
        0.3,
        en="ass, arse, dick, cock, tits, bastard, bastards, crap, prick, piss off, sh*t, b*tch",
        es="joder, culo, hostia puta, cagar, mamón, cagada, pinche",
        de="arsch, kacke, verpiss dich, sau geil, bumsen, scheißegal",
        fr="foutre, bordel de merde",
        ru="дерьмо",
        zh="草泥马",
        ja="ファック",
    ),
)
