"""Words by which a text about sports is told from an attack on a nation.

In sports, nations lose, are beaten and are called useless. A nation that is called by another word
than those of `SPORTS_TALK`, or in a text with one of `NEVER_SPORTS`, is attacked all the same.
"""

from filters.text_analysis.phrase_rules.group_words import words

SPORTS_SIGNS = words(
    "match, matches, league, cup, goal, goals, half time, halftime, penalty, penalties, striker, "
    "strikers, goalkeeper, keeper, defence, defense, midfield, innings, wicket, wickets, playoffs, "
    "playoff, quarterback, touchdown, tournament, championship, championships, olympics, olympic, "
    "semi final, semifinal, semifinals, the final, quarter final, quarterfinal, group stage, "
    "coach, referee, offside, season, team, teams, squad, stadium, game day, fans, hockey, rugby, "
    "cricket, football, soccer, basketball, baseball, volleyball, handball, tennis, relay, medal, "
    "medals, knockout, pitch, kickoff, scored, scoreline, overtime, extra time, qualifier"
)
# Two small numbers side by side, as in "won 2-0": a fold makes a space of the hyphen.
SCORE = r"(?<![\d.,$€£])\d{1,3} ?[:–]? ?\d{1,3}(?![\d.,]*\d| ?%)"
SPORTS_TALK = words(
    "losers, useless, pathetic, lazy, slow, weak, stupid, dumb, animals, beasts, monsters, idiots, "
    "trash, garbage, a joke, joke, a disgrace, disgrace, disgusting, cowards, cheats, worthless, "
    "worst, nothing, kill, killed, crush, beat, be beaten, destroy, slaughter, smash, hate, hurt, "
    "shoot, attack, massacre, punish, be punished, bomb, go home, go, get, home, out, leave, "
    "stand, "
    "sick, screw, damn, silence, hammer, execute, suffer, trouble, threat, ugly, dirty"
)
NEVER_SPORTS = words(
    "vermin, rats, subhuman, subhumans, scum, filth, filthy, parasites, cockroaches, apes, "
    "monkeys, "
    "gas, deport, deported, exterminate, exterminated, hang, hanged, lynch, rape, raped, breed, "
    "inferior, race, rapists, terrorists, human, disease, cancer, immigrants, country, jobs"
)
# Nations and continents, which have teams.
NATIONS = words(
    "africans, asians, arabs, mexicans, indians, pakistanis, afghans, iranians, iraqis, syrians, "
    "turks, kurds, somalis, nigerians, moroccans, algerians, albanians, romanians, bulgarians, "
    "poles, russians, ukrainians, serbs, germans, americans, italians, greeks, koreans, filipinos, "
    "haitians, cubans, jamaicans, palestinians, israelis, the chinese, the japanese, egyptians, "
    "tunisians, libyans, ethiopians, eritreans, kenyans, ugandans, ghanaians, zimbabweans, south "
    "africans, saudis, jordanians, armenians, georgians, kazakhs, uzbeks, bangladeshis, sri "
    "lankans, indonesians, malaysians, thais, brazilians, colombians, venezuelans, peruvians, "
    "bolivians, ecuadorians, argentinians, hondurans, canadians, australians, hungarians, czechs, "
    "slovaks, croats, bosnians, slovenes, lithuanians, latvians, estonians, spaniards, austrians, "
    "belgians, norwegians, europeans, the irish, the french, the english, the british, the dutch, "
    "the welsh, the scots"
)
