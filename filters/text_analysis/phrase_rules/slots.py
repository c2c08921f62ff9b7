"""The slots of the phrase rules: lists of words and short patterns.

Groups of people are listed to find attacks on them: a group alone is never an attack.
"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


# Nouns that mean people, whatever comes before or after them.
_GROUP_NOUNS = _words(
    "muslims, islamists, jews, christians, catholics, protestants, mormons, hindus, sikhs, "
    "buddhists, atheists, gays, lesbians, homosexuals, bisexuals, transsexuals, transgenders, "
    "queers, immigrants, migrants, refugees, foreigners, asylum seekers, gypsies, the roma, "
    "travellers, africans, asians, arabs, mexicans, latinos, hispanics, indians, pakistanis, "
    "afghans, iranians, iraqis, syrians, turks, kurds, somalis, nigerians, moroccans, algerians, "
    "albanians, romanians, bulgarians, poles, russians, ukrainians, serbs, germans, americans, "
    "italians, greeks, koreans, filipinos, haitians, cubans, puerto ricans, jamaicans, "
    "palestinians, israelis, native americans, aboriginals, blacks, whites, the chinese, the "
    "japanese, the disabled, the blind, the deaf, the elderly, the homeless, feminists, cripples, "
    "dwarfs, autistics, minorities"
)
# Adjectives, which mean people only before a noun for persons: "black pigs" are pigs.
_GROUP_ADJECTIVES = _words(
    "muslim, islamic, jewish, christian, catholic, hindu, sikh, black, white, brown, asian, "
    "african, arab, arabic, mexican, latino, latina, hispanic, indian, pakistani, afghan, "
    "iranian, iraqi, syrian, turkish, kurdish, somali, nigerian, moroccan, algerian, albanian, "
    "romanian, polish, russian, ukrainian, chinese, japanese, korean, vietnamese, filipino, "
    "haitian, palestinian, israeli, native, aboriginal, indigenous, gypsy, roma, gay, lesbian, "
    "homosexual, bisexual, trans, transgender, transsexual, queer, disabled, handicapped, "
    "autistic, deaf, blind, immigrant, migrant, refugee, foreign, old, elderly, homeless, "
    "mentally ill"
)
_PERSONS = _words(
    "people, persons, folks, folk, men, women, males, females, guys, girls, boys, kids, children, "
    "families, immigrants, migrants, refugees, communities, couples, person, man, woman, guy, "
    "girl, boy, kid, child"
)
# Women and men in general. "The women" and "two men" are persons in a picture: see reports.py.
_GENDERS = _words("women, men, females, males, girls, boys, wives, housewives, mothers")
_DEMEANED_NOUNS = _words(
    "scum, vermin, subhuman, subhumans, sub human, untermenschen, filth, trash, garbage, human "
    "garbage, human trash, human filth, garbage people, parasites, leeches, cockroaches, roaches, "
    "rats, pigs, dogs, swine, monkeys, apes, animals, beasts, savages, barbarians, maggots, lice, "
    "disease, plague, cancer, virus, disgrace, stain, burden, curse, mistake, joke, threat, "
    "abomination, abominations, freaks, monsters, criminals, rapists, terrorists, thieves, "
    "murderers, perverts, pedophiles, paedophiles, predators, liars, whores, sluts, idiots, "
    "morons, retards, losers, cowards, nobodies, degenerates, scumbags, waste of space, waste of "
    "oxygen, pieces of shit, shit, bastards, assholes, bitches, good for nothing, slaves, objects, "
    "lowest form of life, lowest of the low"
)
_DEMEANED_ADJECTIVES = _words(
    "disgusting, filthy, inferior, worthless, evil, stupid, dumb, vile, revolting, repulsive, "
    "subnormal, uncivilized, uncivilised, retarded, brainless, useless, pathetic, sick in the "
    "head, mentally ill, unnatural, barbaric, primitive, savage, dirty, ugly, gross, sickening, "
    "loathsome, lazy, greedy, violent, abnormal, diseased, deranged, despicable"
)

SLOTS: dict[str, tuple[str, ...]] = {
    "GROUP": (*_GROUP_NOUNS, *_GENDERS, "GROUP_ADJECTIVE PERSONS", "PERSONS OF_GROUP"),
    "MEMBER": _words(
        "muslim, jew, christian, catholic, hindu, gypsy, immigrant, migrant, refugee, foreigner, "
        "african, asian, arab, mexican, indian, homosexual, lesbian, gay, woman, GROUP_ADJECTIVE "
        "PERSONS"
    ),
    "GROUP_NOT_GENDER": (*_GROUP_NOUNS, "GROUP_ADJECTIVE PERSONS"),
    "GROUP_ADJECTIVE": _GROUP_ADJECTIVES,
    "PERSONS": _PERSONS,
    "OF_GROUP": _words(
        "of color, of colour, with disabilities, with autism, with down syndrome, in wheelchairs, "
        "from africa, from asia, from mexico, who are gay, like them"
    ),
    "GENDER": _GENDERS,
    # Words between "kill" and the group, or between the group and what is said of it.
    "ALL": _words(
        "all, all of, these, those, the, every, you, most, any, more, fucking, damn, damned, "
        "goddamn, bloody, dirty, filthy, stupid, disgusting, ugly, evil, of, us, some, each, "
        "every single, other, young, old"
    ),
    "ARE": _words("are, r, is, are all, are just, are nothing but, be, remain"),
    "SO": _words(
        "all, just, really, so, such, nothing but, only, always, truly, literally, absolutely, "
        "fucking, a bunch of, bunch of, a pack of, a load of, simply, basically, clearly, "
        "obviously, no better than, no different from, worse than, lower than, less than, like, "
        "nothing more than, more than, a, an, the, and, total, totally, complete, completely, "
        "utter, utterly, pure, very, too, disgusting, filthy, dirty, worthless, stupid, human, "
        "little, big, bloody, goddamn, real, kind of, pretty much, mostly, inherently, naturally, "
        "to me, to blame, the biggest, the worst, an absolute, by nature, also, indeed, such, "
        "extremely, incredibly, born, plain"
    ),
    "DEMEANED": (*_DEMEANED_NOUNS, *_DEMEANED_ADJECTIVES),
    "DEMEANED_NOUN": _DEMEANED_NOUNS,
    "DEMEANED_ADJECTIVE": _DEMEANED_ADJECTIVES,
    # Nouns that mean only people after a group: "Muslim scum", but not "white trash can".
    "SCUM": _words(
        "scum, vermin, filth, subhumans, savages, parasites, scumbags, degenerates, bastards, "
        "whores, terrorists, rapists, freaks"
    ),
    "FILTHY": _words(
        "filthy, disgusting, worthless, vile, stinking, smelly, subhuman, inferior, scummy, "
        "revolting, stupid, dumb, evil, dirty, good for nothing, goddamn, fucking, damn, damned, "
        "lousy, retarded, ugly"
    ),
    "DONT": _words("don't, do not, dont, doesn't, does not, didn't, did not"),
    "CANT": _words("can't, cannot, can not, cant, should not, shouldn't, must not"),
    "HUMANS": _words(
        "human, humans, human beings, people, equal, equals, one of us, normal, civilized, "
        "civilised, real women, real men, like us, worth, worthy, women, men, fit to live"
    ),
    "DIRT": _words("animals, dogs, rats, dirt, shit"),
    "GOOD": _words("good, decent, honest, likable, nice, useful, positive, human, smart, clever"),
    "EXPEL": _words("ship, throw, kick, chase, deport, drive, expel"),
    "HURT": _words(
        "kill, shoot, hurt, punch, stab, hang, burn, gas, exterminate, murder, lynch, slap"
    ),
    "EXTERMINATING": _words(
        "killing, exterminating, eradicating, murdering, gassing, wiping out, deporting"
    ),
    "SPREAD": _words("spread, spreading, breed, breeding, multiply, multiplying, swarm"),
    "TROUBLE": _words("trouble, problems, fights, steal, cheat, lie, crime, crimes"),
    "SHOULD": _words(
        "should, must, need to, needs to, ought to, deserve to, deserves to, have to, has to, got "
        "to, gotta, can all, had better, better, shall, would be better"
    ),
    "KILLED": _words(
        "be driven out, be expelled, be chased away, "
        "die, burn, hang, rot, suffer, be killed, be shot, be hanged, be hung, be gassed, be "
        "burned, be burnt, be lynched, be executed, be exterminated, be eradicated, be wiped out, "
        "be eliminated, be slaughtered, be murdered, be raped, be beaten, be beaten up, be "
        "castrated, be sterilized, be sterilised, be drowned, be stoned, be deported, be locked "
        "up, be rounded up, be put down, be put to death, be bombed, be tortured, be punished, be "
        "purged, be removed from the earth, be sent back, be sent home, be sent to the camps, be "
        "put in camps, be banned from, be thrown out, be kicked out, get out, leave, leave our "
        "country, disappear, go back, go home, kill themselves, be enslaved, be slaves, burn in "
        "hell, rot in hell, go to hell, drop dead, choke, be treated like animals, be treated "
        "like dirt, be ashamed of existing, not exist, not be allowed, not be alive, not have "
        "rights, not vote, not breed, not live, be silenced, be put in their place, be kept as, "
        "be hunted, be hunted down, be run over, be extinct, know their place, stay in the "
        "kitchen, stay in their place"
    ),
    "KILL": _words(
        "kill, murder, gas, hang, burn, shoot, exterminate, lynch, eradicate, wipe out, get rid "
        "of, deport, bomb, rape, stone, behead, castrate, sterilize, round up, eliminate, "
        "slaughter, beat up, beat, stab, strangle, execute, hurt, attack, torture, spit on, spit "
        "at, punch, enslave, destroy, run over, purge, put down, hunt down, hunt, choke, drown, "
        "nuke, smash, kick out, throw out, throw acid at, slap, crush, silence, lock up, blow up, "
        "massacre"
    ),
    "WILL": _words(
        "will, 'll, am going to, are going to, going to, gonna, want to, wanna, would, would love "
        "to, would like to, 'd love to, 'd like to, wish i could, can't wait to, cannot wait to, "
        "feel like, should, must, need to, have to, swear i will, plan to, got to, gotta, ought "
        "to, hope someone will, hope to, let's, lets, let us, hope they, dream of, might, shall, "
        "could"
    ),
    "HATE": _words(
        "hate, despise, loathe, detest, abhor, can't stand, cannot stand, can not stand, cant "
        "stand, am disgusted by, 'm disgusted by, feel disgusted by, am sick of, 'm sick of, am "
        "so sick of, 'm so sick of, am repulsed by, have no respect for, have nothing but "
        "contempt for, have nothing but hatred for, feel nothing but hatred for, have only "
        "contempt for, have zero respect for, can't tolerate, cannot tolerate, can not "
        "tolerate, wish death on, wish death upon, "
        "wish pain on"
    ),
    "I": _words("i, we, i'm, we're, everyone, everybody, us, all of us, normal people"),
    "THEM": _words("them, they, these people, those people, their kind, that kind, you people"),
    "EVIL": _words(
        "ruining, destroying, poisoning, infesting, polluting, infecting, invading, stealing, "
        "raping, corrupting, contaminating, taking over, leeching off, leeching on, spreading "
        "disease, breeding like, stinking up, a threat to, responsible for all, to blame for "
        "everything, the reason for all, a stain on"
    ),
    # What a writer says who rejects an attack.
    "COMMUNITY": _words(
        "country, countries, land, nation, continent, society, everything, world, city, cities, "
        "town, culture, lives, neighbourhood, neighborhood, schools, economy, families"
    ),
    "DONE": _words(
        "painted, written, sprayed, removed, deleted, reported, banned, shouted, fined, arrested, "
        "condemned, posted, tweeted, printed, scrawled, chanted"
    ),
    "WRONG": _words(
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
    "SAY": _words(
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
    "CLAIM": _words(
        "claim, claims, myth, myths, idea, ideas, belief, beliefs, stereotype, stereotypes, lie, "
        "lies, notion, statement, statements, slogan, slogans, phrase, phrases, words, rumor, "
        "rumors, rumour, rumours, propaganda, comment, comments, message, messages, sign, signs, "
        "banner, banners, graffiti, post, posts, tweet, tweets, joke, jokes, remark, remarks, "
        "sentence, sentences, chant, chants, poster, posters, view, views, opinion, theory, "
        "insult, insults, expressions, expression, language, speech, argument, assumption, "
        "prejudice, accusation, headline, question, narrative, sentiment, attitude, mindset, "
        "cliche, thing like, things like, stuff like, phrases like, thought, leaflet, letter"
    ),
    "OTHERS": _words(
        "people, someone, somebody, anyone, anybody, everyone who, those, you, he, she, they, "
        "some, who, whoever, nazis, the nazis, hitler, racists, racist, extremists, extremist, "
        "politician, politicians, trolls, troll, bigots, bigot, uncle, neighbour, neighbor, boss, "
        "teacher, classmate, colleague, man, woman, minister, president, leader, group, groups, "
        "regime, book, video, song, party, website, site, user, users, men, women, idiots, "
        "others, many, kids, protesters, fans, players, haters, one, supremacists, columnist, "
        "host, guy, guys, preacher, speaker, author, villain, character, account, forum, it, "
        "students, cop, officer, customer, grandfather, grandma, dad, mother"
    ),
    "NOBODY": _words("nobody, no one, noone, none of us, no person, not one, nobody ever"),
}

# Every text with a group has one of these; the phrases at the end need no group.
GROUP_SIGNS = (
    *_GROUP_NOUNS,
    *_GENDERS,
    *_PERSONS,
    *_words("muslim, jew, go back to, go back where, get out of"),
)
