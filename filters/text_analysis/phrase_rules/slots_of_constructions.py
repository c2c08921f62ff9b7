"""The slots of the constructions in other languages than English, besides slots_of_languages.py."""

from filters.text_analysis.phrase_rules.group_words import words

CONSTRUCTION_SLOTS: dict[str, dict[str, tuple[str, ...]]] = {
    "de": {
        "HUMANS": words("menschen, richtigen menschen, echten menschen, normalen menschen"),
        "MERIT": words(
            "respekt, mitleid, rechte, recht, platz, hilfe, gnade, achtung, würde, rücksicht, asyl"
        ),
        "VIRTUE": words("anstand, moral, ehre, kultur, gewissen, manieren, scham, verstand"),
        "DISGUST": words("widern, ekeln, kotzen, nerven, machen"),
        "BEASTS": words(
            "ratten, tiere, karnickel, schweine, affen, kakerlaken, vieh, tieren, hunde"
        ),
        "BLOW": words(
            "aufs maul, auf die fresse, in die fresse, eine rein, umlegen, abstechen, abknallen, "
            "verprügeln, verprügele, verprügle, schlage ich tot, mache ich fertig, erschiesse, "
            "steche"
        ),
        "PLACE_DE": words(
            "herd, gitter, gefängnis, lager, knast, klapse, käfig, zoo, küche, anstalt"
        ),
        "END": words("bluten, sterben, brennen, büssen, hängen, verrecken, krepieren, bezahlen"),
        "WASTED": words("geleistet, gearbeitet, beigetragen, gelernt, erreicht, erfunden"),
    },
    "fr": {
        "HUMANS": words("humains, êtres humains, des êtres humains, des humains, comme nous"),
        "MERIT": words(
            "respect, droit, droits, place, dignité, pitié, aide, considération, confiance, asile"
        ),
        "VIRTUE": words("morale, honneur, conscience, valeurs, éducation, dignité, pudeur"),
        "DISGUST": words("dégoûtent, répugnent, écœurent, emmerdent, gonflent, débectent"),
        "BEASTS": words("rats, lapins, animaux, bêtes, porcs, singes, cafards, chiens, mouches"),
        "BLOW": words(
            "casse la gueule, pète la gueule, bute, plante, frappe, tue, égorge, défonce, cogne, "
            "casse les dents, mets une balle, démolis"
        ),
        "STINK": words("puent, volent, mentent, violent, trichent, envahissent, profitent"),
        "INSULT": words(
            "putain, saloperie, saloperies, bande, connards, salauds, enfoirés, saletés"
        ),
    },
    "es": {
        "HUMANS": words("personas, humanos, seres humanos, gente normal, como nosotros, gente"),
        "MERIT": words(
            "respeto, derecho, derechos, dignidad, compasión, ayuda, piedad, confianza, asilo"
        ),
        "VIRTUE": words("moral, vergüenza, honor, educación, cultura, dignidad, valores"),
        "BEASTS": words(
            "ratas, conejos, animales, cucarachas, bestias, cerdos, monos, moscas, perros"
        ),
        "BLOW": words(
            "rompo la cara, parto la cara, rompo los dientes, mato, pego un tiro, reviento, rajo, "
            "doy una paliza, apuñalo, corto el cuello"
        ),
        "STINK": words("apestan, roban, violan, mienten, huelen mal, invaden"),
    },
    "it": {
        "HUMANS": words("persone, umani, esseri umani, come noi, gente"),
        "MERIT": words("rispetto, diritto, diritti, dignità, pietà, aiuto, fiducia, asilo"),
        "VIRTUE": words("morale, onore, cultura, dignità, educazione, valori"),
        "BEASTS": words("topi, ratti, conigli, animali, bestie, scarafaggi, maiali, mosche"),
        "BLOW": words("spacco la faccia, ammazzo, sparo, accoltello, rompo la faccia, uccido"),
        "STINK": words("puzzano, rubano, stuprano, mentono, invadono"),
    },
    "pt": {
        "HUMANS": words("pessoas, humanos, gente, seres humanos, como nós"),
        "MERIT": words("respeito, direito, direitos, dignidade, pena, ajuda, confiança, asilo"),
        "VIRTUE": words("moral, honra, cultura, educação, caráter, dignidade"),
        "BEASTS": words("ratos, coelhos, animais, bichos, baratas, porcos, macacos, moscas"),
        "BLOW": words("quebro a cara, mato, dou um tiro, arrebento, espanco, parto a cara"),
        "STINK": words("fedem, roubam, estupram, mentem, invadem"),
    },
}
