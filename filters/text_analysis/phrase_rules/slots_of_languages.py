"""The slots of the phrase rules in other languages than English: one class of words each."""

from filters.text_analysis.phrase_rules.group_words import words

SLOTS_OF: dict[str, dict[str, tuple[str, ...]]] = {
    "de": {
        "GROUP": words(
            "juden, muslime, moslems, islamisten, christen, katholiken, hindus, sikhs, zigeuner, "
            "sinti, roma, ausländer, ausländern, migranten, einwanderer, flüchtlinge, asylanten, "
            "asylbewerber, asylsuchende, türken, araber, syrer, afghanen, iraker, iraner, kurden, "
            "polen, rumänen, bulgaren, russen, ukrainer, serben, albaner, afrikaner, nigerianer, "
            "somalier, marokkaner, algerier, tunesier, inder, pakistaner, chinesen, vietnamesen, "
            "asiaten, mexikaner, amerikaner, italiener, griechen, schwule, schwulen, lesben, "
            "homosexuelle, homosexuellen, transsexuelle, transen, behinderte, behinderten, "
            "rollstuhlfahrer, autisten, obdachlose, schwarze menschen, die schwarzen, schwarze, "
            "zigeunern, flüchtlingen, muslimen, syrern, arabern, afrikanern, "
            "frauen, weiber, schwarzafrikaner, fremde, fremden, israelis"
        ),
        "MEMBER": words(
            "jude, juden, muslim, moslem, türke, türken, araber, ausländer, flüchtling, migrant, "
            "migranten, zigeuner, schwuler, schwulen, lesbe, neger, pole, polen, afrikaner, syrer, "
            "behinderter, behinderten, schwarzer, schwarzen, transe, russe, rumäne, asylant"
        ),
        "ALL": words(
            "alle, allen, die, den, der, diese, diesen, jeden, sämtliche, scheiss, dreckigen"
        ),
        "ARE": words("sind, bleiben, sind alle, sind nur, sind doch, sind einfach"),
        "SO": words(
            "alle, nur, doch, einfach, wie, nichts als, eine, ein, der, die, das, so, echt, "
            "wirklich, total, alles, immer, dreckige, krank und, von natur aus, und, lauter, "
            "nichts anderes als, zu, letzte, letzter, der letzte, reine, reiner, purer, hier, auch"
        ),
        "DEMEANED": words(
            "parasiten, ungeziefer, abschaum, ratten, schweine, affen, tiere, hunde, "
            "untermenschen, dreck, müll, seuche, pest, plage, krebsgeschwür, krankheit, "
            "verbrecher, vergewaltiger, terroristen, diebe, diebespack, pack, gesindel, "
            "schmarotzer, bestien, wilde, barbaren, kakerlaken, läuse, maden, zecken, perverse, "
            "missgeburten, lügner, mörder, kriminelle, kriminell, abartig, widerlich, ekelhaft, "
            "dreckig, dumm, minderwertig, pervers, unnatürlich, wertlos, faul, primitiv, böse, "
            "krank im kopf, gestört, eklig, betrüger, gauner, faulenzer, nichtsnutze, "
            "sozialschmarotzer, "
            "geisteskrank, "
            "lebensunwert, nutzlos, eine schande"
        ),
        "OUT": words(
            "raus, raus hier, verschwindet, verpisst euch, ab nach hause, haut ab, verrecke, "
            "verrecken"
        ),
        "KILL": words(
            "tötet, vergast, erschiesst, hängt, verbrennt, schlagt, erschlagt, schiebt, "
            "vertreibt, jagt, töten wir, killt, ermordet, steinigt"
        ),
        "KILLED": words(
            "vergasen, töten, erschiessen, umbringen, aufhängen, verbrennen, abschieben, "
            "ausweisen, ausrotten, vernichten, vertreiben, deportieren, kastrieren, wegsperren, "
            "abknallen, verrecken, abgeschoben, vergast, erschossen, ausgerottet, "
            "vernichtet, ausgewiesen, umgebracht, getötet, vertrieben, aufgehängt, weggesperrt, "
            "kastriert, hinausgeworfen, rausgeworfen, ins gas, ins lager, an die wand"
        ),
        "HATE": words("hasse, hassen, verachte, verachten, verabscheue, kann nicht ausstehen"),
        "FILTHY": words(
            "dreckige, dreckigen, verdammte, verdammten, scheiss, verfluchte, stinkende, "
            "stinkenden, widerliche, faule, drecks, elende, minderwertige"
        ),
    },
    "fr": {
        "GROUP": words(
            "juifs, musulmans, chrétiens, catholiques, hindous, roms, gitans, tziganes, manouches, "
            "arabes, maghrébins, algériens, marocains, tunisiens, africains, sénégalais, maliens, "
            "noirs, asiatiques, chinois, turcs, kurdes, syriens, afghans, irakiens, roumains, "
            "bulgares, polonais, albanais, russes, mexicains, immigrés, migrants, réfugiés, "
            "étrangers, clandestins, sans papiers, demandeurs d'asile, homosexuels, gays, pédés, "
            "lesbiennes, trans, transsexuels, handicapés, trisomiques, autistes, femmes, sdf, "
            "israéliens, indiens, pakistanais"
        ),
        "MEMBER": words(
            "juif, juive, musulman, musulmane, arabe, noir, noire, africain, gitan, rom, immigré, "
            "migrant, étranger, homosexuel, turc, chinois, algérien, marocain, handicapé, youpin"
        ),
        "ALL": words("tous, toutes, les, ces, aux, des, sales, tout"),
        "ARE": words(
            "sont, sont ils, sont elles, restent, sont tous, sont toutes, ne sont que, c'est"
        ),
        "SO": words(
            "tous, toutes, des, de la, de, une, un, la, les, que, qu'une, vraiment, tellement, si, "
            "comme, pires que, très, trop, rien que, du, vrais"
        ),
        "DEMEANED": words(
            "rats, singes, porcs, chiens, animaux, parasites, vermine, racaille, racailles, "
            "cafards, ordures, déchets, merde, merdes, sauvages, barbares, voleurs, voleuses, "
            "violeurs, criminels, terroristes, menteurs, menteuses, pervers, monstres, dégénérés, "
            "malades, sales, dangereux, hypocrites, peste, cancer, maladie, plaie, fléau, malades "
            "mentaux, malades mentales, "
            "sous "
            "hommes, inférieurs, inférieures, inutiles, dégoûtants, répugnants, stupides, "
            "idiots, idiotes, bêtes, paresseux, fainéants, méchants, contre nature, anormaux, "
            "nuisibles, poux, pourriture, sangsues, assistés, abominations, abomination"
        ),
        "OUT": words(
            "dehors, hors de france, hors d'europe, rentrez chez vous, à la porte, à mort, à la mer"
        ),
        "KILL": words(
            "tuer, tuez, tuons, brûler, brûlez, gazer, gazez, pendre, pendez, expulser, expulsez, "
            "expulsons, exterminer, exterminez, éliminer, éliminez, éradiquer, virer, virez, "
            "déporter, castrer, enfermer, noyer, fusiller, abattre, chasser"
        ),
        "KILLED": words(
            "être tués, être expulsés, être expulsées, être gazés, être pendus, être exterminés, "
            "être éliminés, être brûlés, être enfermés, être castrés, être déportés, mourir, "
            "crever, partir, la mort, de mourir, de crever, disparaître, dégager, rentrer chez "
            "eux, être soumises"
        ),
        "HATE": words("hais, haïs, déteste, détestons, méprise, hait, vomis, exècre"),
    },
    "es": {
        "GROUP": words(
            "judíos, musulmanes, cristianos, moros, gitanos, rumanos, negros, árabes, africanos, "
            "marroquíes, argelinos, chinos, asiáticos, indios, sudacas, latinos, mexicanos, "
            "venezolanos, colombianos, haitianos, bolivianos, peruanos, ecuatorianos, indígenas, "
            "inmigrantes, migrantes, refugiados, extranjeros, ilegales, menas, homosexuales, gays, "
            "maricones, lesbianas, transexuales, trans, travestis, discapacitados, minusválidos, "
            "subnormales, mujeres, turcos, sirios, paquistaníes, israelíes, hindúes"
        ),
        "MEMBER": words(
            "judío, musulmán, moro, gitano, rumano, árabe, africano, marroquí, sudaca, inmigrante, "
            "refugiado, maricón, homosexual, travesti, mexicano, venezolano"
        ),
        "ALL": words("los, las, todos, todas, estos, estas, esos, esas, a, putos"),
        "ARE": words("son, son todos, son todas, siempre serán, no son más que, no son mas que"),
        "SO": words(
            "todos, todas, unos, unas, una, un, la, el, los, como, muy, tan, peores que, más que, "
            "pura, puro, demasiado, todo, solo, verdaderos, realmente, de"
        ),
        "DEMEANED": words(
            "ratas, monos, cerdos, perros, animales, bestias, parásitos, plaga, peste, cáncer, "
            "escoria, basura, mierda, cucarachas, salvajes, bárbaros, ladrones, violadores, "
            "criminales, delincuentes, terroristas, asesinos, mentirosos, pervertidos, monstruos, "
            "degenerados, enfermos mentales, enfermedad, inferiores, inútiles, asquerosos, "
            "asquerosas, sucios, estúpidos, estúpidas, tontas, vagos, malvados, subhumanos, "
            "infrahumanos, antinaturales, sanguijuelas, alimañas, gentuza, piojos, chusma, "
            "aberraciones, repugnantes, putas"
        ),
        "OUT": words("fuera, fuera de, largo de, váyanse, al paredón, a la hoguera, iros"),
        "KILL": words(
            "matar, maten, matad, quemar, quemad, gasear, ahorcar, fusilar, expulsar, exterminar, "
            "eliminar, erradicar, echar, deportar, castrar, linchar, colgar, encerrar, deporten, "
            "expulsen"
        ),
        "KILLED": words(
            "morir, ser expulsados, ser deportados, ser exterminados, ser fusilados, ser "
            "eliminados, ser quemados, ser castrados, la muerte, la horca, desaparecer, irse, "
            "largarse, la cárcel, volver a su país, que irse"
        ),
        "HATE": words("odio, odiamos, detesto, desprecio, aborrezco"),
        "HATE_VERB": words("odiamos, detesto, aborrezco"),  # `odio` is a noun, too
    },
    "it": {
        "GROUP": words(
            "ebrei, musulmani, cristiani, zingari, rom, negri, neri, africani, arabi, marocchini, "
            "albanesi, rumeni, romeni, cinesi, immigrati, migranti, profughi, rifugiati, "
            "stranieri, clandestini, extracomunitari, terroni, omosessuali, gay, froci, lesbiche, "
            "trans, transessuali, disabili, handicappati, donne, turchi, siriani, nigeriani, "
            "pakistani, indiani"
        ),
        "MEMBER": words(
            "ebreo, musulmano, zingaro, africano, arabo, marocchino, albanese, immigrato, "
            "migrante, "
            "profugo, straniero, omosessuale, frocio"
        ),
        "ALL": words("gli, i, le, tutti, tutte, questi, queste, quei, agli, ai"),
        "ARE": words("sono, sono tutti, sono tutte, non sono che, restano"),
        "SO": words(
            "tutti, tutte, dei, degli, delle, una, un, la, il, come, solo, molto, peggio dei, "
            "davvero"
        ),
        "DEMEANED": words(
            "ratti, topi, scimmie, maiali, porci, cani, animali, bestie, parassiti, peste, "
            "cancro, feccia, spazzatura, merda, scarafaggi, selvaggi, barbari, ladri, stupratori, "
            "criminali, delinquenti, terroristi, assassini, bugiardi, pervertiti, mostri, malati, "
            "malati di mente, malattia, inferiori, inutili, schifosi, disgustosi, sporchi, "
            "stupide, stupidi, subumani, contro natura, sanguisughe, gentaglia, rifiuti, "
            "pidocchi, abominio"
        ),
        "OUT": words(
            "fuori, fuori dall'italia, a casa loro, tornate a casa, via dall'italia, al rogo"
        ),
        "KILL": words(
            "uccidere, uccidiamo, ammazzare, ammazziamo, bruciare, bruciamo, gasare, impiccare, "
            "espellere, sterminare, eliminare, cacciare, cacciamo, deportare, castrare, affondare"
        ),
        "KILLED": words(
            "morire, essere espulsi, essere uccisi, essere bruciati, la morte, sparire, "
            "andarsene, crepare"
        ),
        "HATE": words("odio, odiamo, detesto, disprezzo"),
        "HATE_VERB": words("odiamo, detesto"),  # `odio` is a noun, too
    },
    "pt": {
        "GROUP": words(
            "judeus, muçulmanos, cristãos, ciganos, negros, pretos, africanos, árabes, "
            "brasileiros, nordestinos, índios, indígenas, chineses, haitianos, venezuelanos, "
            "bolivianos, imigrantes, refugiados, estrangeiros, homossexuais, gays, viados, "
            "lésbicas, trans, travestis, deficientes, aleijados, mulheres, turcos, sírios, "
            "macumbeiros"
        ),
        "MEMBER": words(
            "judeu, muçulmano, cigano, africano, árabe, imigrante, refugiado, estrangeiro, viado, "
            "homossexual, travesti, haitiano"
        ),
        "ALL": words("os, as, todos, todas, esses, essas, estes, aos"),
        "ARE": words("são, são todos, são todas, são apenas, não passam de"),
        "SO": words("todos, todas, uns, umas, uma, um, a, o, como, muito, só, piores que, apenas"),
        "DEMEANED": words(
            "ratos, macacos, porcos, cães, animais, bestas, parasitas, praga, peste, câncer, "
            "escória, lixo, merda, baratas, selvagens, bárbaros, ladrões, estupradores, "
            "criminosos, bandidos, terroristas, assassinos, mentirosos, pervertidos, monstros, "
            "doentes, doentes mentais, inferiores, inúteis, nojentos, nojentas, sujos, burras, "
            "burros, preguiçosos, vagabundos, aberrações, aberração, subumanos, vermes, "
            "sanguessugas, piolhos"
        ),
        "OUT": words("fora, fora do brasil, fora de portugal, voltem para casa, vão embora"),
        "KILL": words(
            "matar, matem, queimar, queimem, expulsar, exterminar, eliminar, deportar, castrar, "
            "enforcar, fuzilar, prender"
        ),
        "KILLED": words(
            "morrer, ser expulsos, ser mortos, ser exterminados, ser deportados, a morte, "
            "desaparecer, sumir, apanhar"
        ),
        "HATE": words("odeio, odiamos, detesto, desprezo"),
    },
    "nl": {
        "GROUP": words(
            "joden, moslims, christenen, zigeuners, buitenlanders, allochtonen, migranten, "
            "vluchtelingen, asielzoekers, turken, marokkanen, negers, zwarten, afrikanen, "
            "arabieren, polen, roemenen, bulgaren, syriërs, chinezen, homo's, homos, lesbiennes, "
            "transgenders, gehandicapten, vrouwen, surinamers, antillianen"
        ),
        "ALL": words("alle, de, die, deze, al, al die"),
        "ARE": words("zijn, zijn allemaal, blijven, zijn gewoon"),
        "SO": words("allemaal, gewoon, een, niets dan, net, als, net als, echt, maar, erger dan"),
        "DEMEANED": words(
            "ongedierte, parasieten, ratten, apen, varkens, honden, beesten, dieren, tuig, "
            "uitschot, afval, vuilnis, pest, plaag, kanker, criminelen, verkrachters, "
            "terroristen, dieven, leugenaars, wilden, barbaren, kakkerlakken, minderwaardig, "
            "walgelijk, vies, smerig, dom, lui, pervers, ziek in het hoofd, untermenschen, "
            "profiteurs, bloedzuigers"
        ),
        "OUT": words("eruit, het land uit, rot op, oprotten, weg ermee, ga terug"),
        "KILL": words("dood, vermoord, vergas, verbrand, deporteer, hang, steek"),
        "KILLED": words(
            "dood, vergast, vergassen, vermoorden, uitroeien, uitgeroeid, uitzetten, uitgezet, "
            "afmaken, sterven, doodgeschoten, oprotten"
        ),
        "HATE": words("haat, haten, veracht, verafschuw"),
    },
    "ru": {
        "GROUP": words(
            "евреи, евреев, евреям, жиды, мусульмане, мусульман, мусульманам, цыгане, цыган, "
            "цыганам, мигранты, мигрантов, мигрантам, беженцы, беженцев, кавказцы, кавказцев, "
            "чеченцы, чеченцев, таджики, таджиков, узбеки, узбеков, киргизы, азербайджанцы, "
            "армяне, армян, грузины, негры, негров, неграм, африканцы, китайцы, китайцев, арабы, "
            "арабов, украинцы, украинцев, русские, геи, геев, геям, гомосексуалы, "
            "гомосексуалисты, лесбиянки, лесбиянок, инвалиды, инвалидов, иностранцы, иностранцев, "
            "понаехавшие, женщины, турки, турок"
        ),
        "ALL": words("все, всех, всем, эти, этих, этим"),
        "SO": words("все, это, просто, как, хуже, настоящие, только, всего лишь, самые, есть"),
        "DEMEANED": words(
            "паразиты, крысы, обезьяны, свиньи, собаки, животные, звери, скот, мразь, мрази, "
            "твари, отбросы, мусор, грязь, чума, зараза, раковая опухоль, дикари, варвары, воры, "
            "насильники, преступники, террористы, убийцы, лжецы, извращенцы, уроды, выродки, "
            "недочеловеки, нелюди, тараканы, глисты, пиявки, ублюдки, дерьмо, ничтожества, "
            "неполноценные"
        ),
        "OUT": words("вон, вон из, убирайтесь, прочь из, чемодан вокзал, долой, на виселицу"),
        "KILL": words(
            "убить, убивать, убейте, бей, бейте, резать, режь, жечь, сжечь, повесить, вешать, "
            "стрелять, расстрелять, истребить, уничтожить, уничтожать, выгнать, депортировать, "
            "гнать, кастрировать, выселить, топить"
        ),
        "KILLED": words(
            "умереть, сдохнуть, исчезнуть, убраться, смерти, быть уничтожены, быть "
            "депортированы, гореть в аду"
        ),
        "HATE": words("ненавижу, ненавидим, презираю, терпеть не могу"),
    },
}
# Signs of groups in these languages.
GROUP_SIGNS_IN_LANGUAGES = tuple(
    sorted(
        {
            word
            for slots in SLOTS_OF.values()
            for name in ("GROUP", "MEMBER")
            for word in slots.get(name, ())
        }
    )
)
