"""The slots of reports and rejections of attacks: what others say, and what a writer says of it."""

from filters.text_analysis.phrase_rules.group_words import words

REPORT_SLOTS: dict[str, tuple[str, ...]] = {
    "DONE": words(
        "painted, written, sprayed, removed, deleted, reported, banned, shouted, fined, arrested, "
        "condemned, posted, tweeted, printed, scrawled, chanted"
    ),
    "WRONG": words(
        "wrong, racist, racism, hateful, hate speech, hate, hatred, hurtful, offensive, "
        "disgusting, unacceptable, not ok, not okay, not acceptable, not true, not right, not "
        "cool, not funny, untrue, false, a lie, lies, a myth, nonsense, rubbish, ridiculous, "
        "absurd, bigotry, bigoted, bigots, bigot, a bigot, ignorant, ignorance, homophobic, "
        "homophobia, transphobic, transphobia, islamophobic, islamophobia, antisemitic, "
        "antisemitism, anti semitic, sexist, sexism, misogynist, misogynistic, misogyny, ableist, "
        "xenophobic, xenophobia, prejudice, prejudiced, discriminatory, discrimination, "
        "appalling, shameful, horrible, awful, terrible, despicable, abhorrent, vile, cruel, "
        "harmful, toxic, problematic, insulting, degrading, dehumanizing, dehumanising, "
        "demeaning, unfair, disgraceful, bullshit, banned, illegal, a crime, dangerous, "
        "unforgivable, sickening, sick, a slur, slurs, stereotype, stereotypes, a stereotype, "
        "propaganda, a disgrace, stupid, pathetic, evil, inexcusable, reprehensible, outrageous, "
        "nazi, fascist, unworthy, backward, insane, baseless, lying, condemned, unjust, immoral"
    ),
    "SAY": words(
        "say, says, said, saying, think, thinks, thought, thinking, believe, believes, believed, "
        "believing, claim, claims, claimed, claiming, shout, shouts, shouted, shouting, yell, "
        "yelled, yelling, scream, screamed, screaming, write, writes, wrote, writing, written, "
        "post, posts, posted, posting, tweet, tweets, tweeted, tweeting, tell, tells, told, "
        "telling, argue, argues, argued, arguing, suggest, suggests, suggested, suggesting, "
        "imply, implies, implying, insist, insists, insisted, pretend, pretends, repeat, repeats, "
        "repeated, repeating, hear, heard, hearing, read, reading, chant, chanted, chanting, "
        "call, calls, called, calling, assume, assumes, assuming, preach, preaching, comment, "
        "commented, feel, feels, spray, sprayed, painted, sang, whisper, spread, spreading, joke, "
        "joked, joking, portray, describe, described, describing, agree, accept, advocate, "
        "advocated, justify, teach, taught, respond, responded, reply, replied, announced, "
        "declared, mean, means"
    ),
    "CLAIM": words(
        "claim, claims, myth, myths, idea, ideas, belief, beliefs, stereotype, stereotypes, lie, "
        "lies, notion, statement, statements, slogan, slogans, phrase, phrases, words, rumor, "
        "rumors, rumour, rumours, propaganda, comment, comments, message, messages, sign, signs, "
        "banner, banners, graffiti, post, posts, tweet, tweets, joke, jokes, remark, remarks, "
        "sentence, sentences, chant, chants, poster, posters, view, views, opinion, theory, "
        "insult, insults, expressions, expression, language, speech, argument, assumption, "
        "prejudice, accusation, headline, question, narrative, sentiment, attitude, mindset, "
        "cliche, thing like, things like, stuff like, phrases like, thought, leaflet, letter"
    ),
    "OTHERS": words(
        "people, someone, somebody, anyone, anybody, everyone who, those, you, he, she, they, "
        "some, who, whoever, nazis, the nazis, hitler, racists, racist, extremists, extremist, "
        "politician, politicians, trolls, troll, bigots, bigot, uncle, neighbour, neighbor, boss, "
        "teacher, classmate, colleague, man, woman, minister, president, leader, group, groups, "
        "regime, book, video, song, party, website, site, user, users, men, women, idiots, "
        "others, many, kids, protesters, fans, players, haters, one, supremacists, columnist, "
        "host, guy, guys, preacher, speaker, author, villain, character, account, forum, it, "
        "students, cop, officer, customer, grandfather, grandma, dad, mother"
    ),
}
# What reports and rejections of attacks are worded with in these languages.
REPORTING: dict[str, tuple[str, ...]] = {
    "SAY_IN_LANGUAGES": words(
        "sagt, sagen, sagte, sagten, behauptet, behaupten, behauptete, meint, meinen, glaubt, "
        "glauben, rief, riefen, ruft, rufen, schrieb, steht, dire, dit, disent, disait, "
        "disaient, affirme, affirmer, affirmant, prétend, prétendre, prétendent, pensent, croient, "
        "crié, crier, crient, écrit, decir, dice, dicen, dijo, decía, afirma, afirman, afirmar, "
        "creen, creer, piensan, gritó, gritaban, gritar, dicono, dicevano, sostiene, credono, "
        "gridava, gridare, scritta, scritto, dizer, diz, dizem, disse, afirmam, acham, acreditam, "
        "gritaram, zegt, zeggen, zei, beweert, riep, roepen, говорит, говорят, сказал, сказать, "
        "говорить, утверждает, утверждать, считать, считают, кричал, писал, написали"
    ),
    "THAT": words("que, qu, dass, che, dat, что, alle, tous, todos"),
    "NOT": words("nicht, kein, keine, pas, jamais, nunca, non, não, niet, geen, не, никогда"),
    "ALL_IN_LANGUAGES": words("alle, jeder, jede, tous, toutes, todos, todas, tutti, tutte, все"),
    "IS_IN_LANGUAGES": words("ist, war, est, était, es, era, è, é, is, was, это, c'est, das, ça"),
    "WRONG_IN_LANGUAGES": words(
        "no es cierto, no es verdad, il est faux, n'est pas vrai, stimmt nicht, nicht wahr, non è "
        "vero, "
        "não é verdade, jamais dire, "
        "rassistisch, rassismus, hetze, volksverhetzung, falsch, lüge, "
        "verbrechen, strafbar, parole, "
        "nazi, menschenverachtend, raciste, racisme, crime, mensonge, faux, inacceptable, honteux, "
        "haine, antisémite, antisémitisme, racista, racismo, mentira, delito, falso, inaceptable, "
        "vergüenza, razzista, razzismo, reato, crimine, bugia, sbagliato, preconceito, errado, "
        "racistisch, leugen, misdaad, strafbaar, расизм, преступление, ложь, неправда, "
        "homophobe, homofobia, homófobo, xénophobe, xenofobia, contre, contra, "
        "contro, gegen, tegen, "
        "против"
    ),
}
