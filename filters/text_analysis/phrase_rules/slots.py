"""The slots of the phrase rules: lists of words and short patterns.

Groups of people are listed to find attacks on them: a group alone is never an attack.
"""

from filters.text_analysis.phrase_rules.group_words import (
    GENDERS,
    GROUP_ADJECTIVES,
    GROUP_NOUNS,
    MEMBERS,
    PERSONS,
    words,
)
from filters.text_analysis.phrase_rules.slots_of_grievances import SLOTS_OF_GRIEVANCES
from filters.text_analysis.phrase_rules.slots_of_menace import SLOTS_OF_MENACE
from filters.text_analysis.phrase_rules.slots_of_reports import REPORT_SLOTS

_DEMEANED_NOUNS = words(
    "scum, vermin, subhuman, subhumans, sub human, untermenschen, filth, trash, garbage, human "
    "garbage, human trash, human filth, garbage people, parasites, leeches, cockroaches, roaches, "
    "rats, pigs, dogs, swine, monkeys, apes, animals, beasts, savages, barbarians, maggots, lice, "
    "disease, plague, cancer, virus, disgrace, stain, burden, curse, mistake, joke, threat, "
    "abomination, abominations, freaks, monsters, criminals, rapists, terrorists, thieves, "
    "murderers, perverts, pedophiles, paedophiles, predators, liars, whores, sluts, idiots, "
    "morons, retards, losers, cowards, nobodies, degenerates, scumbags, waste of space, waste of "
    "oxygen, pieces of shit, shit, bastards, assholes, bitches, good for nothing, slaves, "
    "objects, lowest form of life, lowest of the low, worms, viruses, pests, insects, bugs, "
    "mongrels, mutts, devils, demons, spawn of satan, invaders, thugs, groomers, rapefugees, goat "
    "fuckers, goatfuckers, crooks, cheats, molesters, deviants, traitors, backstabbers, "
    "freeloaders, moochers, scroungers, spongers, bloodsuckers, locusts, hyenas, vultures, "
    "snakes, vipers, weasels, toads, slime, sewage, dirt, dregs, tumor, tumour, infection, "
    "infestation, pestilence, pollution, poison, epidemic, horde, hordes, brutes, cannibals, "
    "troglodytes, neanderthals, imbeciles, cretins, simpletons, halfwits, half wits, dimwits, "
    "weaklings, failures of nature, genetic waste, mistakes of nature, waste of air, waste of "
    "skin, waste of money, waste of taxpayers, waste of tax, waste of resources, dead weight, "
    "enemy within, enemies of, enemy of, mental cases, "
    "lunatics, psychos, crybabies, gold diggers, baby machines, inbreds, evil creatures, "
    "disgusting creatures, lower race, lesser race, inferior race, drain on, blight "
    "on, scourge, menace, nuisance"
)
_DEMEANED_ADJECTIVES = words(
    "disgusting, filthy, inferior, worthless, evil, stupid, dumb, vile, revolting, repulsive, "
    "subnormal, uncivilized, uncivilised, retarded, brainless, useless, pathetic, sick in the "
    "head, mentally ill, unnatural, barbaric, primitive, savage, dirty, ugly, gross, sickening, "
    "loathsome, lazy, greedy, violent, abnormal, diseased, deranged, despicable, perverted, "
    "sinful, immoral, degenerate, demonic, satanic, unclean, impure, smelly, stinking, "
    "uneducated, uneducable, backward, brutish, subhuman, sub human, dishonest, deceitful, "
    "cunning, sly, treacherous, untrustworthy, cowardly, ungrateful, parasitic, unfit, "
    "idiotic, moronic, feeble minded, mentally deficient, low iq, bloodthirsty, monstrous, "
    "hideous, grotesque, nauseating, contemptible, detestable, shameless, incapable of reason, "
    "good for nothing"
)

_KILLED = words(
    "crawl back, go extinct, be sterilised, be neutered, be flogged, be whipped, "
    "be driven out, be expelled, be chased away, "
    "die, burn, hang, rot, suffer, be killed, be shot, be hanged, be hung, be gassed, be "
    "burned, be burnt, be lynched, be executed, be exterminated, be eradicated, be wiped out, "
    "be eliminated, be slaughtered, be murdered, be raped, be beaten, be beaten up, be "
    "castrated, be sterilized, be sterilised, be drowned, be stoned, be deported, be locked "
    "up, be rounded up, be put down, be put to death, be bombed, be tortured, be punished, be "
    "purged, be removed from the earth, be sent back, be sent home, be sent to the camps, be "
    "put in camps, be banned from, be thrown out, be kicked out, get out, leave our "
    "country, disappear, go back, go home, kill themselves, be enslaved, be slaves, burn in "
    "hell, rot in hell, go to hell, drop dead, choke, be treated like animals, be treated "
    "like dirt, be ashamed of existing, not exist, not be allowed, not be alive, not have "
    "rights, not vote, not breed, not live here, not live among, not live near, be silenced, be "
    "put in their place, be kept as, "
    "be hunted, be hunted down, be run over, be locked away, be thrown in jail, be caged, be "
    "extinct, know their place, stay in the "
    "kitchen, stay in their place"
)
SLOTS: dict[str, tuple[str, ...]] = {
    **REPORT_SLOTS,
    **SLOTS_OF_GRIEVANCES,
    **SLOTS_OF_MENACE,
    "GROUP": (*GROUP_NOUNS, *GENDERS, "GROUP_ADJECTIVE PERSONS", "PERSONS OF_GROUP"),
    "MEMBER": (*MEMBERS, "woman", "GROUP_ADJECTIVE PERSONS"),
    "GROUP_NOT_GENDER": (*GROUP_NOUNS, "GROUP_ADJECTIVE PERSONS"),
    "GROUP_ADJECTIVE": GROUP_ADJECTIVES,
    "PERSONS": PERSONS,
    "OF_GROUP": words(
        "of color, of colour, with disabilities, with autism, with down syndrome, in wheelchairs, "
        "from africa, from asia, from mexico, who are gay, like them"
    ),
    "GENDER": GENDERS,
    # Words between "kill" and the group, or between the group and what is said of it.
    "ALL": words(
        "all, all of, these, those, the, every, you, most, any, more, fucking, damn, damned, "
        "goddamn, bloody, dirty, filthy, stupid, disgusting, ugly, evil, of, us, some, each, "
        "every single, other, young, old"
    ),
    "ARE": words("are, r, is, are all, are just, are nothing but, be, remain"),
    "SO": words(
        "all, just, really, so, such, nothing but, only, always, truly, literally, absolutely, "
        "fucking, a bunch of, bunch of, a pack of, a load of, simply, basically, clearly, "
        "obviously, no better than, no different from, worse than, lower than, less than, like, "
        "nothing more than, more than, a, an, the, and, total, totally, complete, completely, "
        "utter, utterly, pure, very, too, disgusting, filthy, dirty, worthless, stupid, human, "
        "little, big, bloody, goddamn, real, kind of, pretty much, mostly, inherently, naturally, "
        "to me, to blame, the biggest, the worst, an absolute, by nature, also, indeed, "
        "extremely, incredibly, born, plain, walking, living, breathing, damn, damned, a pile of, "
        "a heap of, a herd of, a plague of, no more than, about as, even, still, straight up"
    ),
    "DEMEANED": (*_DEMEANED_NOUNS, *_DEMEANED_ADJECTIVES),
    "DEMEANED_NOUN": _DEMEANED_NOUNS,
    "DEMEANED_ADJECTIVE": _DEMEANED_ADJECTIVES,
    # Nouns that mean only people after a group: "Muslim scum", but not "white trash can".
    "SCUM": words(
        "scum, vermin, filth, subhumans, savages, parasites, scumbags, degenerates, bastards, "
        "swine, invaders, leeches, cockroaches, invasion, infestation, vermins, barbarians, "
        "perverts, whores, terrorists, rapists, freaks"
    ),
    "FILTHY": words(
        "filthy, disgusting, worthless, vile, stinking, smelly, subhuman, inferior, scummy, "
        "lazy, greedy, ignorant, backward, degenerate, parasitic, uncivilized, uncivilised, "
        "treacherous, perverted, bloodsucking, thieving, lying, murderous, ungrateful, savage, "
        "revolting, stupid, dumb, evil, dirty, good for nothing, goddamn, fucking, damn, damned, "
        "lousy, retarded, ugly"
    ),
    "DONT": words("don't, do not, dont, doesn't, does not, didn't, did not"),
    "CANT": words("can't, cannot, can not, cant, should not, shouldn't, must not"),
    "HUMANS": words(
        "human, humans, human beings, people, equal, equals, one of us, normal, civilized, "
        "civilised, real women, real men, like us, worth, worthy, women, men, fit to live"
    ),
    "DIRT": words("animals, dogs, rats, dirt, shit"),
    # What a text that denies people merit calls them less than.
    "MERIT": words(
        "intelligent, smart, clever, capable, evolved, human, honest, civilized, civilised, "
        "worthy, valuable, developed, trustworthy, moral, clean"
    ),
    "MUSTNT": words("should not, shouldn't, shouldnt, must not, mustn't, should never, must never"),
    "CIVIL_RIGHT": words(
        "be in charge, be in power, lead, hold power, own land, have guns, be doctors, "
        "have children, have kids, reproduce, breed, procreate, vote, have the right, have "
        "rights, have any rights, marry, hold office, be citizens, own property, be teachers, be "
        "parents, live among us, live here, exist, be here, be born"
    ),
    "DEADLY": words(
        "bullet, bullets, rope, gas, gas chamber, noose, grave, death, gun, fire, oven, "
        "extermination, electroshock, castration"
    ),
    "CONFINED": words(
        "camps, camp, cages, cage, ovens, ghettos, ghetto, prison, jail, concentration camps, "
        "gas chambers, labor camps, labour camps, asylums, zoos, zoo"
    ),
    "BACKWARD_PLACE": words(
        "mud huts, huts, jungle, jungles, desert, caves, cave, trees, cotton fields, plantation, "
        "plantations, kitchen, closet, swamp, third world, shithole, shitholes, zoo, sewer, "
        "sewers, hell, homeland"
    ),
    "CROWDED": words(
        "overrun by, overrun with, infested by, infested with, crawling with, swarming with, "
        "plagued by, contaminated by, polluted by, poisoned by, invaded by"
    ),
    "INDECENT_ACT": words(
        "rape, molest, groom, kidnap, stab, rob, prey on, sell drugs to, brainwash, corrupt"
    ),
    "GOOD": words("good, decent, honest, likable, nice, useful, positive, human, smart, clever"),
    "EXPEL": words("ship, throw, kick, chase, deport, drive, expel"),
    "HURT": words(
        "kill, shoot, hurt, punch, stab, hang, burn, gas, exterminate, murder, lynch, slap"
    ),
    "EXTERMINATING": words(
        "killing, exterminating, eradicating, murdering, gassing, wiping out, deporting"
    ),
    "SPREAD": words("spread, spreading, breed, breeding, multiply, multiplying, swarm"),
    "TROUBLE": words("trouble, problems, fights, steal, cheat, lie, crime, crimes"),
    "SHOULD": words(
        "should, must, need to, needs to, ought to, deserve to, deserves to, have to, has to, got "
        "to, gotta, can all, had better, better, shall, would be better"
    ),
    "KILLED": _KILLED,
    "PASSIVE_KILLED": tuple(each for each in _KILLED if each.startswith("be ")),
    "KILL": words(
        "sterilise, neuter, flog, whip, cage, exile, banish, kill, murder, gas, hang, burn, "
        "shoot, exterminate, lynch, eradicate, wipe out, get rid "
        "of, deport, bomb, rape, stone, behead, castrate, sterilize, round up, eliminate, "
        "slaughter, beat up, beat, stab, strangle, execute, hurt, attack, torture, spit on, spit "
        "at, punch, enslave, destroy, run over, purge, put down, hunt down, hunt, choke, drown, "
        "nuke, smash, kick out, throw out, throw acid at, slap, crush, silence, lock up, blow up, "
        "massacre"
    ),
    "WILL": words(
        "will, 'll, am going to, are going to, going to, gonna, want to, wanna, would, would love "
        "to, would like to, 'd love to, 'd like to, wish i could, can't wait to, cannot wait to, "
        "feel like, should, must, need to, have to, swear i will, plan to, got to, gotta, ought "
        "to, hope someone will, hope to, let's, lets, let us, hope they, dream of, might, shall, "
        "could"
    ),
    "HATE": words(
        "hate, despise, loathe, detest, abhor, can't stand, cannot stand, can not stand, cant "
        "stand, am disgusted by, 'm disgusted by, feel disgusted by, am sick of, 'm sick of, am "
        "so sick of, 'm so sick of, am repulsed by, have no respect for, have nothing but "
        "contempt for, have nothing but hatred for, feel nothing but hatred for, have only "
        "contempt for, have zero respect for, can't tolerate, cannot tolerate, can not "
        "tolerate, wish death on, wish death upon, "
        "wish pain on"
    ),
    # One person of a group, or several.
    "PEOPLE_NAMED": (*GROUP_NOUNS, *MEMBERS, *GENDERS, "GROUP_ADJECTIVE PERSONS"),
    "GROUP_MEMBER": (*MEMBERS, "GROUP_ADJECTIVE PERSONS"),
    "VICIOUS": (
        *_DEMEANED_NOUNS,
        *_DEMEANED_ADJECTIVES,
        *words(
            "thief, liar, criminal, rapist, terrorist, cheat, crook, parasite, pig, idiot, moron, "
            "drunk, pervert, predator, murderer, leech, coward, beggar, scrounger, savage, animal, "
            "rat, snake, steal, lie, smell, stink, cheat, beg, crazy"
        ),
    ),
    "I": words("i, we, i'm, we're, everyone, everybody, us, all of us, normal people"),
    "THEM": words("them, they, these people, those people, their kind, that kind, you people"),
    "EVIL": words(
        "brainwashing, grooming, scamming, robbing, exploiting, ruining, destroying, poisoning, "
        "infesting, polluting, infecting, invading, stealing, "
        "raping, corrupting, contaminating, taking over our, "
        "taking over this country, replacing us, replacing our, outbreeding, colonising our, "
        "colonizing our, mooching off, sponging off, scrounging off, draining our, swarming our, "
        "flooding our, overrunning, islamising, islamizing, sucking us dry, bleeding us, "
        "undermining, leeching off, leeching on, spreading "
        "disease, breeding like, stinking up, a threat to, responsible for all, to blame for "
        "everything, the reason for all, a stain on"
    ),
    "VIRTUE": words(
        "morals, morality, honor, honour, decency, conscience, manners, brains, brain, "
        "soul, souls, dignity, self control, work ethic, loyalty, empathy, intelligence, integrity"
    ),
    "VICE": words(
        "crime, crimes, violence, disease, diseases, filth, chaos, terror, hatred, hate, "
        "destruction, theft, lies"
    ),
    "PLACE": words(
        "country, countries, nation, land, continent, city, town, village, streets, street, "
        "school, schools, neighborhood, neighbourhood, neighborhoods, society, world, planet, "
        "church, club, shop, home, homes, borders, shores, civilized society, "
        "modern society"
    ),
    "GONE": words(
        "vanish, disappear, die out, cease to exist, didn't exist, did not exist, never existed, "
        "would go away, were dead, were extinct"
    ),
    "CLEANSE": words("cleanse, clean, rid, purge, purify"),
    "BEAST": words(
        "dog, dogs, monkey, monkeys, rat, rats, pig, pigs, ape, apes, cow, cows, insects"
    ),
    "COMMUNITY": words(
        "country, countries, land, nation, continent, society, everything, world, city, cities, "
        "town, culture, lives, neighbourhood, neighborhood, schools, economy, families"
    ),
    "NOBODY": words("nobody, no one, noone, none of us, no person, not one, nobody ever"),
}

# Every text with a group has one of these; the phrases at the end need no group.
GROUP_SIGNS = (
    *GROUP_NOUNS,
    *GENDERS,
    *PERSONS,
    *MEMBERS,
    *words("mosque, mosques, synagogue, synagogues"),
    *words("go back to, go back where, get out of"),
)
