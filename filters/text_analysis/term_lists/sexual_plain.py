"""Plain words of the titles and adverts of pornography, as combinations of classes of words.

The kinds are those of sexual_classes.py and spam_hints.py: acts count near performers, hints in
settings.
"""

from filters.text_analysis.term_lists.term import terms

PERFORMERS = terms(
    "performer",
    0.0,
    any="stepbrother(|s), stepmother(|s), jock(|s), masseuse(|s), masseur, hottie(|s), housemaid, "
    "(muscular|hung|leather) (daddy|daddies), goddess, stepaunt, yoga teacher, landlord, plumber, "
    "(slim|petite|skinny|chubby|sexy|hot|tattooed|mature) (asian|latina|ebony|indian|russian)",
    de="blondine(|n), brünette(|n), hausfrau(|en), nachbarin(|nen), sekretärin(|nen), "
    "ehefrau(|en), studentin(|nen), schlampe(|n), luder, amateurin(|nen), latina(|s), rothaarige",
    fr="blonde(|s), brune(|s), rousse(|s), voisine(|s), épouse(|s), secrétaire(|s), coquine(|s), "
    "beurette(|s), libertin(|s|e|es), infirmière(|s)",
    es="rubia(|s), morena(|s), vecina(|s), esposa(|s), madura(|s), secretaria(|s), tetona(|s), "
    "culona(|s), enfermera(|s), pelirroja(|s)",
    it="bionda, bionde, mora, vicina, moglie, mogli, matura, mature, segretaria, tettona, "
    "tettone, infermiera, casalinga, casalinghe",
    pt="loira(|s), morena(|s), vizinha(|s), esposa(|s), coroa(|s), secretária(|s), "
    "enfermeira(|s), ruiva(|s), casada(|s)",
)
ACTS = (
    *terms(
        "act",
        0.6,
        any="(takes|took|taking) it (from behind|up the ass|in the ass|doggy style), "
        "(pleasure|pleasures|pleasuring|fondle|fondles|fingering) (each other|one another), "
        "(until|till) (he|she|they) (cums|cum|orgasms|orgasm|squirts|climaxes), "
        "(tied up|chained|gagged|blindfolded) and (whipped|spanked|gagged|used|flogged), "
        "(whipped|spanked|flogged|dominated) by (her|his) (mistress|master|dom|domme), "
        "shared (with|by) (two|three|his|her) (strangers|men|guys|buddies), "
        "(takes|taking|handles|handling) (two|three|both) (at once|at the same time|men|guys), "
        "(punishes|punish) (naughty|her|his) (slave|sub|sissy), "
        "(strip|strips|stripping) for (cash|money|cam), dominates (her|his) "
        "(slave|sub|husband|boyfriend|boss), (banged|nailed) by (two|three), "
        "(seduces|seduced by) (her|his) (boss|neighbor|neighbour|gardener|plumber|stepson), "
        "(first|wild|secret) (lesbian|bi|anal|threesome) (experience|time|encounter), "
        "(filmed|caught|recorded) (having sex|masturbating|fucking), "
        "(films|film|filming|record) (themselves|herself|himself) (having sex|fucking|naked), "
        "(undresses|strips|stripping) and spreads, (undresses|strips) (on|for the) (cam|webcam)",
        de="bläst (im auto|auf dem parkplatz|tief|geil|gerne|ihrem|ihm), "
        "(von hinten|im stehen|hart|richtig) (nehmen|genommen|rannehmen|durchgenommen|gevögelt), "
        "(nackt|nackte) vor der (kamera|webcam|cam), reitet (ihn|seinen schwanz|den nachbarn)",
        fr="suce (devant|à fond|son amant|deux), se fait prendre, filme(|nt) (ses|leurs) ébats, "
        "(nue|nues) devant la (caméra|webcam|cam), chevauche (son amant|deux)",
        es="se desnuda (frente a|ante|en|por) (la cámara|cámara|la webcam|webcam), la chupa "
        "(en|a), "
        "se deja (coger|follar|dar), cabalga a (dos|su amante)",
        it="(seduce il|sedotta dal) (giardiniere|vicino|capo|idraulico|figliastro), si spoglia "
        "(davanti alla|in) "
        "(webcam|telecamera|cam), si fa (prendere|montare) da, "
        "lo prende (in bocca|da dietro|in culo), scopa (con|in|sul|duro|due|il)",
        pt="sentando (gostoso|com força), tirando a roupa (na|para a) (webcam|cam|câmera), "
        "mamando (o|no|gostoso)",
    ),
    *terms(
        "act",
        0.3,
        any="(rides|riding|mounts) (her|his) (boyfriend|husband|boss|roommate|lover|teacher), "
        "(until|till) (he|she) (comes|explodes|screams), bareback, (shows|showing) it all",
        pt="dando (para|pro|pra) (o |um |)(vizinho|patrão|amigo|cunhado|chefe|negão)",
    ),
)
HINTS = (
    *terms(
        "hint",
        0.6,
        any="orgy, orgies, real sex, bedroom (scene|scenes|action|fun), special treatment, "
        "extramarital, "
        "twink(|s), swinger (party|couple|couples|wife), (muscular|hung|leather) (daddy|hunk)",
        en="(wife|husband|girlfriend|housewife|bride|mom|stepmom) (caught |gets caught |)cheating, "
        "(big|huge|massive|giant) (natural|fake|saggy|bouncing) (breasts|boobs|tits), "
        "(natural|perfect|fake|saggy|bouncing|juicy) (boobs|tits), "
        "(real|intense|multiple|screaming|shaking|loud) orgasm(|s), casual sex, "
        "(lonely|horny|married|mature|local|single) (women|wives|housewives|ladies) "
        "(looking for|seeking|who want|want) (sex|fun|men|affairs|you), one night stand, "
        "topless (girls|cam|photos|pics), (nude|naked) (cam|celebs|selfies)",
        de="nackt (im|in der|am|auf dem) (hotel|hotelzimmer|dusche|bett|auto|see|balkon), "
        "(nackte|geile|versaute|notgeile|willige) "
        "(studentinnen|hausfrauen|frauen|nachbarin|nachbarinnen|girls|amateure|blondine|damen)",
        fr="(femmes|épouses|voisines|étudiantes|mamans) (coquines|nues|infidèles), "
        "(énormes|beaux) (seins|nichons), "
        "couple(|s) (libertin|libertins|échangiste|échangistes)",
        es="(esposa|mujer|novia|vecina|casada) (infiel|cachonda|ardiente), "
        "(chicas|mujeres|maduras|casadas) (calientes|cachondas), (enormes) (tetas|pechos|culos)",
        it="(moglie|donna|vicina|ragazza|casalinga) (infedele|porca|vogliosa|tettona), "
        "(donne|casalinghe|mogli) (infedeli|vogliose|porche)",
        pt="(esposa|mulher|vizinha|casada) (infiel|safada), (mulheres|coroas) (safadas|gostosas)",
    ),
    *terms(
        "hint",
        0.3,
        any="bareback, lap dance(|s)",
        en="gone (topless|wild), big breasts, (local|married|single) (women|wives|ladies)",
        de="(frauen|hausfrauen|paare) suchen",
    ),
)
SETTINGS = terms(
    "setting",
    0.0,
    en="full scene, no actors, join free, cheap rates, all extras, (see|view) all, real "
    "(housewives|amateurs), "
    "members online, footage, amateur (footage|video|tape), after class, erotic "
    "(film|movie|video), "
    "full hd, (hidden|spy) camera, no registration, free (download|downloads|tokens|gallery), "
    "full movie(|s), updated daily, private (show|shows|recording), live show(|s), no strings, "
    "on (her|his) webcam, in your (neighborhood|neighbourhood), videos download",
    de="(geheimes|geheime|privates) (video|aufnahmen), heimlich gefilmt, "
    "vor der (webcam|kamera|cam), ohne anmeldung",
    fr="devant la (caméra|webcam|cam), sans censure, sans (inscription|tabou)",
    es="frente a la (cámara|webcam|cam), (sin|completo sin) (registro|límites|tabúes)",
    it="davanti alla (webcam|telecamera|cam), senza (registrazione|limiti|tabù), stanotte",
    pt="na (webcam|câmera|cam), sem (cadastro|limites|tabu), atendimento completo, esta noite",
)
VOCABULARY = (
    *terms(
        "sexual",
        0.9,
        en="(watch|stream|download) (free |)(porn|xxx)",
        de="beim (ficken|bumsen|vögeln|wichsen|sex) (gefilmt|erwischt|beobachtet)",
    ),
    *terms(
        "sexual",
        0.6,
        any="threesome with (the|her|his|my|two), (massage|yoga) with happy ending, "
        "sex (date|dates|meeting|meetings|ads|shows), "
        "(nude|naked|porn|sex) (casting|audition|massage|massages), "
        "erotic (film|films|movie|movies|clip|clips|massage|massages|chat|cam|contacts), "
        "adult (film|films|movie|clip|clips|video|tube|streaming|dvd|dvds), "
        "(huge|big|thick|long|massive) (black|white|hairy) (cock|cocks|dick|dicks), "
        "anal (adventure|adventures|toy|toys|training|threesome|casting|queen|lover|lovers|slut), "
        "fetish (clip|clips|session|video|videos), (women|girls|milfs|wife) masturbating, "
        "(penis|cock|dick) (deep in|deep inside) (her|his|vagina|pussy|mouth|ass), "
        "ejaculation on (face|tits|her|his), (cum|sperm) on (her|his|body)",
        de="(sucht|suchen|wollen) (sex|ficken|poppen|bumsen), sex in deiner (nähe|stadt)",
        fr="sexe (entre|à trois|sauvage|en public), (cherche|cherchent|veut|veulent) (du sexe|du "
        "cul|baiser)",
        es="trío (amateur|casero|con), (busca|buscan|quiere|quieren) (sexo|follar|coger), sexo "
        "(en vivo|en directo)",
        it="(cerca|cercano|vuole|vogliono) (sesso|scopare), incontri (di sesso|erotici)",
        pt="casal liberal, (procura|procuram|quer|querem) (sexo|transar|foder), sexo ao vivo",
        ru="(ищет|ищут|хочет|хотят) (секса|трахаться), секс (этой ночью|в твоем городе)",
        nl="(zoekt|zoeken|wil|willen) (seks|neuken), seks (vannacht|in jouw buurt)",
    ),
    *terms(
        "sexual",
        0.3,
        any="foot worship, strip tease, big breasted, big boobed, large breasted, dirty talk, "
        "(sells|selling) her body, leaked (online|photos), escort(|s) (lady|ladies)",
        ru="(зрелая|горячая) (соседка|жена|училка|секретарша|мамка)",
        pt="(loira|morena|vizinha|casada|mulher) gostosa",
    ),
)
TERMS = (*PERFORMERS, *ACTS, *HINTS, *SETTINGS, *VOCABULARY)
