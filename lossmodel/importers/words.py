"""Words that tables are headed with, in the languages of most public tables of losses.

A word is one entry of one table, in lower case and without accents on Latin letters; whoever meets
another word adds it here and nowhere else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = [
    "BOUNDS",
    "CATEGORIES",
    "IGNORED",
    "KEYS",
    "KINDS_IN_HEADINGS",
    "MISSING",
    "NATIONS",
    "PARTIES",
    "PLAIN",
    "STATES",
    "SUBSETS",
    "TIMES",
    "TOTALS",
    "normal",
]


def _table(**words: str) -> Mapping[str, frozenset[str]]:
    return MappingProxyType(
        {name.rstrip("_").replace("_", "-"): _words(text) for name, text in words.items()}
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


def normal(text: str) -> str:
    """A heading in lower case, without accents, with one blank for all other signs.

    Examples
    --------
    >>> normal("Killed_cum (Récit)"), normal("dateOfDeath"), normal("Загиблі:")
    ('killed cum recit', 'date of death', 'загиблі')
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", text)
    kept = []
    for letter in apart.lower():
        base = unicodedata.normalize("NFKD", letter)[0]
        kept.append(base if base.isascii() else letter)
    return re.sub(r"[\W_]+", " ", "".join(kept)).strip()


# How the time of a row is given.
TIMES: Final = _table(
    date="date|day|datum|fecha|data|jour|tag|dia|tarih|дата|день|report date|event date|as of|"
    "date time|datetime|time|дата звіту|отчетная дата|stand|the date|reported on|تاريخ|日期|"
    "التاريخ",
    start="start|from|begin|beginning|since|date start|start date|period start|date from|von|ab|"
    "desde|inicio|debut|du|с|з|від|от|початок|начало|first day|start day|window start",
    end="end|to|until|till|through|date end|end date|period end|date to|bis|hasta|fin|au|по|до|"
    "кінець|конец|last day|end day|window end",
    week_ending="week ending|week end|week ended|weekending|w e|week to|semana hasta|woche bis|"
    "тиждень до|неделя до|we date|end of week",
    week_starting="week starting|week start|week commencing|week beginning|week of|week from|w c|"
    "wc date|start of week|semaine du|woche vom|semana del",
    week="week|iso week|woche|kw|semana|semaine|тиждень|неделя|epi week",
    month="month|monat|mes|mois|місяць|месяц|year month|yearmonth|ym|ay|mese|maand|miesiac",
    year="year|jahr|ano|annee|рік|год|yr|yil|anno",
    published="published|publication date|date published|pub date|published on|release date|"
    "publication|released|опубліковано|опубликовано|дата публікації|дата публикации",
    known="known",
)
# Columns of a long table whose cells say whose or which figure a row has.
KEYS: Final = _table(
    claimant="claimant|source|who|according to|reported by|reporter|reporting source|author|"
    "organisation|organization|agency|said by|claimed by|claim source|org|quelle|fuente|segun|"
    "selon|джерело|источник|хто|кто|claim by|informant|report source|wer|laut|qui|quien|chi|kto|"
    "kim|المصدر|مصدر",
    party="party|side|country|belligerent|of whom|losses of|whose|whose losses|actor|force|army|"
    "faction|seite|land|partei|bando|pais|camp|pays|сторона|країна|страна|чиї|чьи|nation|"
    "affiliation|victim side|wessen|de quien|di chi|czyje|الطرف|طرف|الجانب",
    category="category|type|what|metric|indicator|measure|loss type|type of loss|equipment type|"
    "class|status|fate|kind of loss|item|variable|art|kategorie|tipo|categorie|категорія|"
    "категория|тип|що|что|вид|показник|показатель|casualty type|was|quoi|que|cosa|الفئة|النوع",
    source_="link|url|source url|source link|links|urls|href|web|website|посилання|ссылка|enlace|"
    "lien|reference url",
    scope="scope",
    kind="kind|claim kind",
    qualifier="qualifier",
    via="via|relayed by",
    note="note",
    claim_id="claim id|claimid",
    part_of="part of",
    published_inferred="published inferred",
)
# Of the words of a party, those under which several names are parties, known to a conflict or not.
NATIONS: Final = _words(
    "country|nation|belligerent|країна|страна|сторона|land|pais|pays|partei|seite|bando|camp"
)
BOUNDS: Final = _table(
    low="low|lower|min|minimum|lo|least|lower bound|low estimate|at least|lower limit|von|ab|"
    "mind|mindestens|bas|baja|minima|minimo|minimal|ci low|lwr|reported minimum|est low|lb|lcl|"
    "lowest|ci l|ci lo|lower ci|hdi low|lower95|lo95|untergrenze|borne inferieure|limite inferior|"
    "мінімум|минимум|мін|мин|нижня|нижняя",
    high="high|higher|max|maximum|hi|upper|most|upper bound|high estimate|at most|upper limit|upr|"
    "hochst|hochstens|haut|alta|maxima|maximo|maximal|ci high|reported maximum|est high|ub|ucl|"
    "highest|ci u|ci h|ci hi|upper ci|hdi high|upper95|hi95|obergrenze|borne superieure|"
    "limite superior|"
    "максимум|макс|верхня|верхняя",
    value="best|best estimate|best guess|central|mid|middle|midpoint|point|point estimate|mean "
    "estimate|medium|mittel|mejor|найкраща",
)
# Words of a heading that name the figures and nothing else.
PLAIN: Final = _words(
    "value|number|count|n|s|according|to|per|from|figure|figures|amount|estimate|estimates|estimated|"
    "reported|claimed|quantity|num|cnt|nr of|number of|no of|of|the|in|by|for|"
    "and|est|claim|claims|persons|people|personnel|soldiers|troops|military|"
    "servicemen|zahl|anzahl|wert|numero|valor|cantidad|nombre|valeur|chiffre|"
    "кількість|количество|число|значення|значение|цифра|осіб|человек|чол|чел|"
    "soldaten|soldados|soldats|personen|personas|солдат|військових|военных|военнослужащих|"
    "сила|how many|tally|stated|bound|limit|interval|range|ci|conf|confidence|hdi|ci95|العدد|عدد"
)
CATEGORIES: Final = _table(
    killed="killed|dead|death|deaths|fatalities|fatality|kia|died|deceased|kill|killed in action|"
    "tote|getotete|gefallene|gefallen|todesopfer|muertos|fallecidos|muertes|bajas mortales|tues|"
    "morts|deces|caduti|morti|polegli|zabici|mortos|olu|загиблі|загинули|вбиті|вбито|убито|"
    "убитые|погибшие|погибло|погибли|загинуло|قتلى|القتلى|死者|死亡|martyrs",
    wounded="wounded|injured|injuries|wia|injury|wounds|verwundete|verletzte|verwundet|heridos|"
    "blesses|feriti|ranni|feridos|yarali|поранені|поранено|раненые|ранено|جرحى|الجرحى",
    casualties="casualties|killed and wounded|kia wia|casualty|killed or wounded|"
    "убиті та поранені|убитые и раненые|killed wounded",
    losses="losses|loss|втрат|потерь|eliminated|verluste|perdidas|bajas|pertes|perdite|straty|kayip|втрати|"
    "потери|ліквідовано|ликвидировано",
    missing="missing|mia|missing in action|vermisst|vermisste|desaparecidos|disparus|зниклі|"
    "зниклі безвісти|зникло безвісти|пропало без вести|пропавшие|пропавшие без вести",
    tanks="tanks|tank|panzer|kampfpanzer|tanques|carros|chars|carri armati|czolgi|танки|танків|"
    "танк|танков",
    aircraft="aircraft|planes|airplanes|aeroplanes|jets|warplanes|fixed wing|flugzeuge|aviones|"
    "avions|aerei|samoloty|літаки|літаків|самолеты|самолетов|самолёты",
    helicopters="helicopters|helicopter|choppers|rotary wing|hubschrauber|helicopteros|"
    "helicopteres|elicotteri|гелікоптери|гвинтокрили|вертолеты|вертолёты",
    artillery="artillery|guns|howitzers|artillery systems|field artillery|artillerie|artilleria|"
    "artyleria|артилерія|артсистеми|артиллерия|артсистемы",
    mlrs="mlrs|mrl|multiple rocket launchers|rocket launchers|рсзв|рсзо",
    air_defence="air defence|air defense|anti aircraft|anti aircraft warfare|ппо|пво|flugabwehr",
    armoured_vehicles="armoured vehicles|armored vehicles|apc|apcs|afv|afvs|ifv|acv|"
    "armoured personnel carriers|ббм|бба|ббмашини|бронемашины|schutzenpanzer",
    vehicles="vehicles|trucks|vehicles and fuel tanks|cars|lorries|fahrzeuge|vehiculos|"
    "vehicules|автомобілі|автотехніка|автомобили|автотехника",
    drones="drones|drone|uav|uavs|unmanned aerial vehicles|drohnen|drones aereos|бпла|безпілотники|"
    "беспилотники",
    ships="ships|boats|vessels|naval ships|warships|schiffe|buques|navires|кораблі|корабли|катери",
    submarines="submarines|submarine|u boats|u boote|підводні човни|подводные лодки",
    captured="captured|prisoners|pow|pows|prisoners of war|gefangene|prisioneros|prisonniers|"
    "полонені|пленные|prisoner",
)
# Names of parties in other spellings than their English ones, by the name that a conflict has.
PARTIES: Final = _table(
    russia="ru|rus|rf|russian federation|росія|росії|рф|російська федерація|російські|россия|"
    "россии|российская федерация|российские|russland|russen|russische|rusia|russie|rosja|rusko|"
    "rusya|روسيا|俄罗斯",
    ukraine="ua|ukr|україна|україни|українські|украина|украины|украинские|ukraina|ukrainische|"
    "ucrania|ucraina|ukrajina|ukrayna|أوكرانيا|乌克兰",
    israel="isr|ізраїль|израиль|israele|izrael|إسرائيل|ישראל",
    gaza="gaza strip|gazastreifen|газа|غزة",
    georgia="грузія|грузия|georgien|georgie|საქართველო",
    iran="irn|іран|иран|ایران",
    iraq="irq|ірак|ирак|irak|العراق",
    india="ind|індія|индия|indien|inde|भारत",
    pakistan="pak|пакистан|پاکستان",
    britain="uk|gbr|united kingdom|great britain|british|велика британія|великобритания|"
    "grossbritannien|gran bretana|reino unido|grande bretagne|royaume uni",
    argentina="arg|аргентина|argentinien|argentine",
    germany="deu|ger|german|німеччина|германия|deutschland|alemania|allemagne",
    japan="jpn|японія|япония|japon|日本",
    finland="finnish|фінляндія|финляндия|finnland|finlandia|finlande|suomi",
    soviet_union="ussr|urs|срср|ссср|sowjetunion|union sovietica|union sovietique|soviet|soviets",
    united_states="us|usa|сша|vereinigte staaten|estados unidos|etats unis|american|americans",
    north="northern|nord|norte|nordlich|північ|північні|север|северные|الشمال",
    south="southern|sud|sur|sul|sudlich|південь|південні|юг|южные|الجنوب",
    east="eastern|ost|ostlich|схід|східні|восток|восточные|الشرق",
    west="western|ouest|oeste|westlich|захід|західні|запад|западные|الغرب",
    north_korea="prk|dprk|північна корея|северная корея|кндр|nordkorea|corea del norte",
)
# Groups of persons: with a category they are some of its cases, not all.
SUBSETS: Final = _words(
    "children|child|women|woman|men|male|female|civilian|civilians|officers|"
    "officer|generals|press|journalists|medics|medical|med|civdef|police|"
    "elderly|boys|girls|minors|identified|confirmed|unidentified|діти|дети|"
    "жінки|женщины"
)
KINDS_IN_HEADINGS: Final = _table(
    cumulative="cum|cumulative|cumul|total to date|to date|running total|cumulated|so far|"
    "since start|kumuliert|acumulado|acumulados|cumule|накопичено|всього з початку|running",
    daily="daily|per day|a day|new|in a day|today|day|за добу|за день|за сутки|taglich|diario|"
    "diarios|par jour|jour|24h|last 24 hours",
    average="average|avg|mean|daily average|average daily|average per day|mean per day|"
    "durchschnitt|promedio|moyenne|в середньому|в среднем|daily mean|avg per day|average a day|"
    "per day average|average losses per day|average daily losses",
    period="weekly|monthly|in week|in month|per week|per month|за тиждень|за місяць|за неделю|"
    "за месяц",
)
# Columns of numbers that count no losses, by reason.
IGNORED: Final = MappingProxyType(
    {
        "an id": _words(
            "id|ids|uid|uuid|guid|gid|fid|oid|pk|objectid|object id|code|ref|reference|"
            "relid|event id|event no|incident|incident no|record|record id|case|case no|"
            "dyad new id|conflict new id|side a new id|side b new id|conflict dset id|"
            "dyad dset id|side a dset id|side b dset id|priogrid gid|gwnoa|gwnob|gwno|"
            "cow|iso|iso3|ccode|country id|fips|postcode|zip|plz|ibc code|code status|"
            "data id|event id cnty|key|serial|serial no|event id no cnty|incident id|"
            "код|ід|ид|номер|rowid|objid|geonameid|hash|entry|entry no|entry number|event number|"
            "case number|incident number|seqno|seq no|message id|post id|globalid|wikidata"
        ),
        "a row number": _words(
            "index|row|rownum|row number|row no|rownames|row names|row id|no|nr|nro|num|"
            "lfd nr|s no|sno|sl no|unnamed 0|level 0|obs|observation|line|п п|№|order|"
            "rank|seq|sequence|idx|lfd|row num|rowname|laufende nummer|numero de fila|"
            "порядковий номер|порядковый номер"
        ),
        "a coordinate": _words(
            "lat|lats|latitude|lon|lng|long|longitude|x|y|xcoord|ycoord|x coord|y coord|"
            "lat dd|lon dd|easting|northing|geo|geo precision|coordinates|широта|"
            "довгота|долгота|breite|lange|latitud|longitud|altitude|elevation|point x|"
            "point y|utm e|utm n|mgrs|koordinaten"
        ),
        "a code": _words(
            "where prec|date prec|time precision|event clarity|precision|clarity|inter1|"
            "inter2|interaction|type of violence|code|active year|number of sources|"
            "sources count|version|status code|region code|admin code|quality|score|"
            "confidence|adm 1|adm 2|weight|flag|phase"
        ),
        "a count of time": _words(
            "hour|hours|minute|duration|days in month|number of days|day number|day of war|day no|"
            "war day|week number|days|weekday|report period|день війни|день войны|day num|"
            "day count|day index|day idx|day of invasion|day of conflict|day of the war|"
            "day of week|day of year|dayofyear|doy|dow|days since|kriegstag|dia de guerra|"
            "jour de guerre|quarter|year num|month num|mm|dd|yyyy"
        ),
        "no count of losses": _words(
            "population|pop|percent|percentage|share|rate|ratio|pct|age|temperature|price|area|"
            "distance|timestamp|epoch|населення|вік|возраст|massacres cum|unix|unix time|"
            "created at|updated at|scraped at|last update"
        ),
        "made of other figures": _words(
            "change|delta|diff|difference|increase|increment|growth|daily change|trend|rolling|"
            "moving average|rolling average|rolling mean|7 day average|7 day moving average|ma7|"
            "se|sd|std|stderr|std error|std dev|variance|p value"
        ),
    }
)
# States in which equipment was lost: a part of the losses of its class.
STATES: Final = _words(
    "destroyed|damaged|abandoned|downed|sunk|disabled|scrapped|captured|lost|zerstort|beschadigt|"
    "erbeutet|знищено|пошкоджено|захоплено|уничтожено|повреждено|захвачено|покинуто|брошено"
)
TOTALS: Final = _words(
    "total|totals|sum|grand total|sub total|subtotal|all|overall|type total|"
    "sum total|all types|all equipment|σ|∑|gesamtsumme|"
    "summe|gesamt|insgesamt|zusammen|suma|totale|totaal|toplam|razem|"
    "ogolem|всього|разом|усього|загалом|підсумок|итого|всего|сумма|сума|mean|"
    "average|median|row total|column total|total general|totaux|en tout|المجموع|"
    "合计|总计|合計|סך הכל"
)
MISSING: Final = _words(
    "na|n a|n/a|#n/a|#na|n.a.|n.a|nan|<na>|nat|none|null|nil|nd|n.d.|n/d|-|--|"
    "---|—|–|−|.|..|...|…|?|??|???|no data|nodata|no info|no information|"
    "not available|not reported|not given|unknown|unk|tbd|tba|missing|-9|-99|"
    "-999|-9999|-99999|немає даних|немає|нет данных|нет|н/д|невідомо|неизвестно|"
    "k.a.|k. a.|keine angabe|keine daten|s/d|sin datos|sin dato|inconnu|"
    "non disponible|brak|brak danych|pas de données|pas de donnees|*|x"
)
