"""Czech as a friendly office speaks: what people had stumbled over stays away, one word per thing.

Each row is a wording that was read aloud and replaced, and what stands in its place; the
catalogues hold the second and nowhere the first.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import prepazka

ROOT = Path(prepazka.__file__).parent
OF_CITIZENS = {"citizen", "kiosk", "ticket", "monitor", "display", "room", "embed", "web"}
# (not any more, but)
WORDS = [
    ("Kolik hodin?", "Jaký čas se Vám hodí?"),
    ("kliknete", "Teprve pak objednávka platí."),
    ("Bez kliknutí", "Bez potvrzení ho pak uvolníme."),
    ("Ještě krok", "Zbývá jeden krok: potvrďte objednávku v e-mailu"),
    ("Osoby, která přijde.", "Jméno toho, kdo přijde. Uvidí ho jen úřad."),
    ("Kdo přijde na video", "Kdo bude s úředníkem mluvit?"),
    ("nejvyšší povolený počet", "Na tento e-mail už je objednaný jeden termín"),
    ("Otevře se v", "Otevíráme %(when)s."),
    ("bude možné objednat", "Termíny na %(next)s uvolníme %(when)s."),
    ("přišel v", "objednáno na %(window)s, příchod %(arrived)s"),
    ("Čekání s lístkem vzatým", "Když si teď vezmete lístek, počkáte:"),
    ("Dotkněte se své", "Vyberte, co potřebujete vyřídit."),
    ("zaregistrováni předem", "Přišli jste o něco dřív, víme o Vás"),
    ("pětkrát chybně", "PIN byl pětkrát zadán chybně."),
    ("(v sekundách", "Počkejte prosím %(seconds)s s"),
    ("Zpět k objednání", "Zpět k objednávce"),
    ("Vaše objednání", "Vaše objednávka platí"),
    ("až se přiblíží řada na mě", "Upozornit, než přijdu na řadu"),
    ("esemesk", "Až přijdete na řadu, pošleme Vám SMS."),
    ("Úřední osoba Vás pustí", "Jste první v pořadí, na řadu přijdete asi za"),
    ("Zavolat dalš", "Vyvolat dalšího"),
    ("K zavolání", "Komu volat"),
    ("tady je na řadě", "u vás je na řadě"),
    ("Předběhl", "Přednost před"),
    ("Objednávky na okno", "Počet objednaných v jednom čase"),
    ("jen nahlíží", "vedoucí (přehledy, kvóty, uzavírky)"),
    ("Výpadek nebo změna hodin", "Zavírací dny a změny hodin"),
    ("Co nefunguje", "Porucha registru"),
    ("Od kolika", "Čas od"),
    ("Do kolika", "Čas do"),
    ("Mluvím s", "Mohu prosím mluvit s"),
    ("Běžím pozdě", "Mám zpoždění"),
    ("ničí", "nikdo"),
    ("eník úředníka", "Diář"),
    ("Naše znění", "Výchozí znění"),
    ("Značka", "Kód objednávky"),
    ("často používané", "Nepoužívejte běžná hesla."),
    ("phone tickets", "Povolí je správce v souboru úřadu."),
    ("„systems“", "Doplní je správce podle návodu"),
    ("0 přepážek", "Teď není otevřená žádná přepážka."),
    ("Čeká 0", "Nikdo nečeká."),
    ("automatu", "Přijďte ke kiosku"),
    ("Poslední krok:", "Vyvolání %(number)s můžete vzít zpět"),
    ("Začít obsluhu", "Klient je u přepážky"),
    ("Kdo šel dřív a proč?", "Proč?"),
    ("nebo vytiskněte lístek", "nebo vytiskněte potvrzení"),
    ("Voláno", "Vyvoláno"),
    ("Naposledy voláno", "Naposledy vyvoláno"),
    ("Zavoláno v", "Vyvoláno"),
    ("Zavolejte dalšího", "Vyvolejte dalšího klienta."),
    ("Zavolat znovu", "Vyvolat znovu"),
    # The same of their kind, found since.
    ("Termíny na den", "Další termíny uvolníme %(when)s."),
    ("Tento úkon nepotřebuje žádná služba", "Na tento úkon teď lístky nevydáváme"),
    ("Jste zaregistrováni", "Už o Vás víme"),
    ("Pro obsluhu", "Pro úřad:"),
    ("vrácen do fronty", "návrat do fronty %(returned)s"),
    ("Proč byl zavolán", "Proč přišel na řadu"),
    ("Úřední osoba", "Brzy Vás vpustíme."),
    ("nebyla včas potvrzena", "Objednávku jste včas nepotvrdili."),
    (
        "na panelu v hale",
        "Vydali jsme ho %(at)s. Sledujte prosím, až se jeho číslo objeví na displeji.",
    ),
    ("Otevírací doba a služby", "Otevírací doba a úkony úřadu"),
    ("byl zavolán", "Po vyvolání čísla %(number)s nikdo nepřišel."),
    ("Deník je", "Diář je změněný."),
    ("Sejít se může nejvýš", "Na schůzce vás může být nejvýš"),
    ("releases itself", "Termín Vám mezitím zůstává."),
]
# Hours are said with a preposition that agrees with them: `at_clock` brings it along.
BEFORE_HOURS = re.compile(r"(?<!\w)[vV] %\((?:time|clock|at|arrived|returned|closes|opens)\)s")
# In what people of the town read there is one word for each of these.
ONE_WORD = {
    "automat": "kiosek",
    "na recepci": "u informací",
    "u obsluhy": "u informací",
    "tuto službu": "tento úkon",
    "touto záležitostí": "tento úkon",
}


@cache
def catalogues() -> dict[str, list[str]]:
    """The Czech texts of each package, with ordinary spaces."""
    texts: dict[str, list[str]] = {}
    for source in ROOT.rglob("locale/cs/LC_MESSAGES/django.po"):
        with source.open("rb") as file:
            for message in read_po(file, locale="cs"):
                forms = message.string if isinstance(message.string, tuple) else (message.string,)
                package = texts.setdefault(source.parents[3].name, [])
                package += [str(form).replace("\xa0", " ") for form in forms if message.id]
    return texts


@pytest.mark.parametrize(("avoided", "said"), WORDS)
def test_what_was_replaced_stays_away(avoided: str, said: str) -> None:
    every = [text for package in catalogues().values() for text in package]
    word = re.compile(rf"(?<!\w){re.escape(avoided)}")
    assert [text for text in every if word.search(text)] == []
    assert [text for text in every if said in text] != []


THE_PREPOSITION = "v %(time)s"


def test_hours_bring_their_preposition_along() -> None:
    wrong = {
        package: found
        for package, texts in catalogues().items()
        if (found := [t for t in texts if BEFORE_HOURS.search(t) and t != THE_PREPOSITION])
    }
    assert wrong == {}


@pytest.mark.parametrize("word", ONE_WORD)
def test_citizens_read_one_word_for_one_thing(word: str) -> None:
    texts = [text for one in OF_CITIZENS for text in catalogues().get(one, [])]
    pattern = re.compile(rf"(?<!\w){word}(?!ick)")
    assert [text for text in texts if pattern.search(text)] == [], ONE_WORD[word]


def test_the_desk_has_one_name_for_people_and_staff() -> None:
    """Signs in the halls say Informace; the log-in names of a demo are no words of a screen."""
    every = [text for texts in catalogues().values() for text in texts]
    assert [text for text in every if "recepc" in text.lower()] == []
    assert "Informace" in catalogues()["console"]
