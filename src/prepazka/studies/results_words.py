"""The texts of the results page in Czech and English."""

Words = dict[str, str]

SHARES = frozenset(
    {"walk_in_over_60", "booked_within_15", "booked_in_window", "gone", "use"}
)  # shown as per cents
FIGURES: dict[str, Words] = {
    "walk_in_mean": {
        "cs": "bez objednání čekají průměrně",
        "en": "without a booking, mean wait",
    },
    "walk_in_p80": {
        "cs": "čtyři z pěti bez objednání čekají nejvýš",
        "en": "four of five without a booking wait at most",
    },
    "walk_in_over_60": {
        "cs": "bez objednání čekalo přes hodinu",
        "en": "without a booking, waited over an hour",
    },
    "booked_mean": {"cs": "objednaní čekají průměrně", "en": "booked, mean wait"},
    "booked_within_15": {
        "cs": "objednaní zavolaní do 15 minut",
        "en": "booked, called within 15 minutes",
    },
    "use": {"cs": "přepážky s klientem", "en": "counters with a client"},
    "overtime": {"cs": "přesčas po zavírací době", "en": "overtime after closing"},
    "unserved": {"cs": "neobsloužení za den", "en": "left unserved in a day"},
    "clients": {"cs": "klienti za den", "en": "clients in a day"},
}
WORDS: dict[str, Words] = {
    "title": {"cs": "Simulace úřadu", "en": "Simulation of the office"},
    "as_is": {"cs": "jak je to teď", "en": "as it is"},
    "lead": {
        "cs": "Počet simulovaných dní: {days}. Ve všech variantách přicházejí titíž lidé, takže se"
        " liší jen tím, co se změnilo. Za ± je 95% interval.",
        "en": "Simulated days: {days}. The same people come in every variant, so they differ only"
        " in what was changed. ± is a 95 % interval.",
    },
    "waits": {"cs": "Čekání", "en": "Waits"},
    "waits_chart": {
        "cs": "Čekání v minutách podle variant; čísla jsou v tabulce pod grafem",
        "en": "Waits in minutes by variant; the numbers are in the table below",
    },
    "over": {
        "cs": "Kolik lidí bez objednání čeká déle než…",
        "en": "How many without a booking wait longer than…",
    },
    "over_chart": {
        "cs": "Podíl lidí bez objednání v procentech, kteří čekají déle než daný počet minut",
        "en": "Share of people without a booking, in per cent, who wait longer than so many minutes",
    },
    "shares": {"cs": "Podíly a využití přepážek", "en": "Shares and use of the counters"},
    "shares_chart": {
        "cs": "Podíly v procentech podle variant; čísla jsou v tabulce pod grafem",
        "en": "Shares in per cent by variant; the numbers are in the table below",
    },
    "rest": {"cs": "Přesčas a počty", "en": "Overtime and numbers"},
    "change": {"cs": "Co se změní", "en": "What changes"},
    "change_chart": {
        "cs": "Změna čekání v minutách s 95% intervalem: {what}",
        "en": "Change of waits in minutes with a 95 % interval: {what}",
    },
    "now": {"cs": "teď", "en": "now"},
    "then": {"cs": "potom", "en": "then"},
    "difference": {"cs": "změna", "en": "change"},
    "sure_head": {"cs": "je to jisté?", "en": "is it sure?"},
    "sure": {"cs": "ano", "en": "yes"},
    "chance": {"cs": "může být náhoda", "en": "may be chance"},
    "same": {"cs": "beze změny", "en": "no change"},
    "few": {
        "cs": "Z jediného dne nejde rozdíl posoudit.",
        "en": "A single day does not tell a difference.",
    },
    "note": {
        "cs": "Simulace hraje stejná pravidla vyvolávání jako úřad; kolik lidí přijde a jak dlouho"
        " trvá jejich vyřízení, losuje.",
        "en": "The simulation plays the rules by which the office calls people; how many come and"
        " how long they take is drawn at random.",
    },
}
