"""Vulgar words in their common spellings."""

from filters.text_analysis.term_lists.term import terms

TERMS = (
    *terms(
        "vulgar",
        0.9,
        en="fuck, fuck you, fuck off, fucks, fucked, fucker, fuckers, fucking, fuckin, fuckface, "
        "motherfucker, motherfuckers, motherfucking, mother fucker, cunt, cunts, cocksucker, "
        "cocksuckers",
        es="puta madre, a la verga, hijo de puta, hija de puta, hijos de puta, hijueputa, la "
        "concha de tu madre, vete a la verga, (me|te|le|nos|les) vale verga, vales verga, valió "
        "verga, chinga(r|) tu madre, chinga a tu madre, chinguen a su madre, hijo de la chingada, "
        "hijo de su puta madre, conchetumadre, conchatumadre, concha tu madre, hijoputa(|s), "
        "joputa, mamaverga(|s), mamahuevo(|s), mamagüevo(|s), me cago en (tu|la puta) madre, me "
        "cago en dios",
        de="fotze, fotzen, ficken, fick dich, hurensohn, hurensöhne, schwanzlutscher, "
        "arschficker, mutterficker, fick(|e|en) deine mutter, hurensau, scheißhure",
        fr="enculé, enculés, nique ta mère, fils de pute, va te faire foutre, va te faire "
        "enculer, enculée, enculées, nique (ta race|sa mère|tes morts|la police), fils de "
        "(putes|chienne), ferme ta (grosse |)gueule connard",
        pt="filho da puta, filha da puta, foda se, vai se foder, vai tomar no cu, filhos da puta, "
        "puta que (pariu|o pariu|te pariu), vai (para|pra) puta que pariu, vão se foder, vá se "
        "foder, vai se fuder, vai à merda, vai tomar no seu cu",
        it="vaffanculo, figlio di puttana, figli di puttana, fanculo, affanculo, testa di cazzo, "
        "teste di cazzo, porca puttana, porca troia, porco dio, dio porco, dio cane, porca "
        "madonna, figlio di troia, figli di troia",
        ru="хуй, хуя, хуевый, нахуй, пизда, пиздец, блядь, блять, бляди, ебать, ебаный, заебал, "
        "ебанутый, хуйня, хуйню, хуесос(|ы|а), хуево, охуел(|а|и), охуеть, охуенно, нихуя, похуй, "
        "нехуй, пизды, пизду, пиздеть, пиздят, спиздил(|и), пиздато, распиздяй, пиздеж, ебет, "
        "ебись, ебнутый, заебись, отъебись, уебок, уебки, уебище, уебан, долбоеб(|ы|ов), "
        "еблан(|ы), ебаная, ебаные, ебаного, блядский, блядская, блядина, сукин сын, твою мать "
        "ебать, иди на хуй, пошел на хуй, на хуй",
        zh="操你妈, 肏你妈, 傻逼, 傻屄",
        nl="kankerhoer(|en), kankerlijer(|s), kankerwijf, kankerhond, kutwijf, kutwijven, "
        "hoerenzoon, hoerenzonen, krijg de (kanker|tering|tyfus), moederneuker(|s)",
        pl="kurwa, kurwy, kurwo, kurwą, skurwysyn(|y|u|a), skurwiel(|e), jebać, jebany, jebana, "
        "jebane, jebani, pojebany, pojebana, pojebało, wyjebane, pierdol się, pierdolony, "
        "pierdolona, pierdolić, spierdalaj(|cie), wypierdalaj(|cie), rozpierdol, chujowy, "
        "chujowo, ty chuju, kutasie",
        tr="orospu, orospular, orospu çocuğu, orospu çocukları, siktir, siktir git, sikeyim, "
        "sikerim, amına koyayım, amına koyim, amına koyduğumun, ananı sikeyim, götveren, yarrak",
    ),
    *terms(
        "vulgar",
        0.6,
        any="shit, shits, shitty, shitting, bullshit, shithead, shitheads, dipshit, asshole, "
        "assholes, arsehole, arseholes, dickhead, dickheads, bitch, bitches, whore, whores, "
        "wanker, wankers, douchebag, douchebags, f*ck, f**k, f*cking, f**king, f***ing, c*nt, "
        "motherf*cker",
        en="slut, sluts, twat, twats",
        es="puta, putas, putos, putada, mierda, mierdas, cabrón, cabrones, cabrona, gilipollas, "
        "coño, chingar, chingada, chingado, chingadera, pendejo, pendejos, pendeja, culero, "
        "culeros, jodido, jodida, jódete, cojones, carajo, comemierda, malparido, zorra "
        "asquerosa, chinga tu, (qué|pura|ni) verga, (mi|tu) verga, de la verga, valiendo verga, a "
        "verga, verguero, hostia puta, vergazo(|s), culiao, culiado, soplapollas, hijo de perra, "
        "putazo(|s), mierdero, cagarla, cagón, lameculos, tocapelotas, puto "
        "(amo|asco|loco|gordo|imbécil|idiota), puta (mierda|vida|loca|barata)",
        de="scheiße, scheisse, scheiß, scheiss, beschissen, beschissene, arschloch, arschlöcher, "
        "wichser, schlampe, schlampen, verfickt, verfickte, verfickter, verdammte scheiße, nutte, "
        "nutten, hure, huren, drecksau, drecksack, pisser, fickt, gefickt, fickst, miststück, "
        "arschgeige, pimmel, möse, mösen, titten, scheißkerl(|e), scheißdreck, "
        "beschissene(r|s|n|m), verfickte(s|n|m), verschissen(|e|er|es), verkackt(|e|er), "
        "arschgesicht, hurenkind(|er), dreckschlampe(|n), hackfresse(|n), halt die fresse, halt "
        "deine fresse, leck mich am arsch, kackbratze",
        fr="merde, putain, connard, connards, connasse, salope, salopes, ta gueule, "
        "(sale|grosse|petite|espèce de) pute, des putes, trou du cul, bordel de merde, trous du "
        "cul, pétasse(|s), enfoiré(|e|s), branleur(|s), fait chier, fais chier, casse couilles, "
        "(m'|t'|vous |les )emmerde(|nt|s), merdique(|s), merdeux, putains, ferme ta gueule, sale "
        "con, gros con, vieux con, petit con, pauvre (con|conne), bande de cons, grosse conne, "
        "sale conne",
        pt="caralho, porra, merda, puta, putas, arrombado(|s), arrombada, foder, fode, "
        "fodido(|s), fodida, fodeu, fodase, fuder, fudido, bosta(|s), merdas, cuzão, cuzões, "
        "vadias, punheteiro, caralhos, porra nenhuma, cagão, filho de uma puta",
        it="cazzo, stronzo, stronza, stronzi, puttana, coglione, coglioni, cazzi, cazzata, "
        "cazzate, cazzone, minchia, stronze, stronzata, stronzate, puttane, puttanata, puttanate, "
        "merda, merdoso, rompicoglioni, coglionata, fottut(o|a|i|e), fottiti, fottere, "
        "rincoglionit(o|a), bocchinaro, pezzo di merda, che palle di merda, mortacci tua",
        ru="сука, суки, мудак, мудаки, говно, шлюха, шлюхи, бля, хули, мудила, мудозвон, "
        "гандон(|ы), говнюк(|и), говнюки, говняный, засранец, засранцы, сучара, насрать, "
        "обосрал(|ся|ись)",
        zh="他妈的, 王八蛋, 婊子",
        ja="クソ野郎, くそったれ, ちんこ",
        nl="klootzak(|ken), godverdomme, godverdommese, kutzooi, kuthoer, verneukt, "
        "(vieze|vuile|stomme) (hoer|slet|kut|teef), teringlijer, tyfuslijer, pleur op, "
        "hoerenjong, eikel van een vent, lulhannes, wat een kut",
        pl="chuj, chuja, chujem, chuju, cipka, cipki, pizda, pizdo, gówno, gówna, gówniany, "
        "dziwka, dziwki, dziwko, dupek, dupku, zajebać, wkurwia, wkurwiony, wkurwiona, zajebisty",
        tr="kahpe, pezevenk, pezevenkler, sikik, piç kurusu, boktan, götünü, şerefsiz piç, sikim, "
        "amcık",
    ),
    *terms(
        "vulgar",
        0.3,
        en="ass, arse, dick, cock, tits, bastard, bastards, crap, prick, piss off, sh*t, b*tch",
        es="joder, culo, cagar, mamón, cagada, pinche, verga, vergas, huevón, weón, pelotudo, "
        "pelotuda, boludo, boluda, putear, chingón, chingona",
        de="arsch, kacke, verpiss dich, sau geil, bumsen, scheißegal, arschkriecher, "
        "klugscheißer, halt's maul, halts maul, verarscht, rotzlöffel",
        fr="foutre, salaud(|s), couilles, emmerdeur(|s), emmerdant(|e), bâtard(|s)",
        ru="дерьмо, жопа, жопе, сучка, срать, хрен собачий",
        zh="草泥马",
        ja="ファック",
        pt="foda, vadia, cacete, babaca(|s), desgraçado, corno manso, cagar",
        it="incazzat(o|a|i), culo, cagare, bastardo, bastarda, bastardi, sfigat(o|i)",
        nl="stront, schijt, mierenneuker, rot op, flikker op",
    ),
)
