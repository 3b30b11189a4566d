import time
import unicodedata
from uuid import uuid4

import pytest

from prepazka.gateways.printer import PrinterFault, Slip, print_slip
from prepazka.gateways.printer.escpos import to_code_page
from prepazka.queueing import tickets
from prepazka.web.ticket_paper import slip_of
from tests import halls, town

SLIP = Slip(
    office="Městský úřad Příšerně Žluťoučký Kůň nad Ďábelskými Ódami, odbor dopravy",
    title="Vaše číslo",
    number="V12",
    service="Přepis vozidla – změna „vlastníka“",
    facts=("Vydáno: 23.\u00a011.\u00a02026 8:30", "Před Vámi jsou 2 lidé"),
    link="https://urad.example/t/ABCDEFGH2345/",
    link_note="Frontu sledujte v telefonu:",
    foot="Neplatí po 23.\u00a011.\u00a02026 17:00",
)


def printed(slip: Slip = SLIP, paper: int = 80) -> halls.Paper:
    with halls.printer() as sink:
        host, port = sink.address.split(":")
        print_slip(slip, host=host, port=int(port), paper=paper)
        return halls.Paper(sink.job())


def test_czech_comes_out_of_the_code_page_the_printer_was_told() -> None:
    paper = printed()
    assert paper.pages == {18}  # CP852 by the numbers of ESC t
    assert "Příšerně Žluťoučký Kůň nad Ďábelskými" in paper.text.replace("\n", " ")
    assert 'Přepis vozidla - změna "vlastníka"' in paper.text
    assert "Vydáno: 23. 11. 2026 8:30" in paper.text
    assert "?" not in paper.text


def test_it_has_one_large_number_one_qr_code_and_one_cut() -> None:
    paper = printed()
    assert paper.height_of("V12") >= 15
    assert paper.qr == ["https://urad.example/t/ABCDEFGH2345/"]
    assert paper.cuts == 1
    assert [line for line, _ in paper.lines if line][-1] == "Neplatí po 23. 11. 2026 17:00"


@pytest.mark.parametrize(("paper", "columns"), [(58, 32), (80, 48)])
def test_no_line_is_wider_than_the_paper(paper: int, columns: int) -> None:
    lines = [line for line, _ in printed(paper=paper).lines]
    assert max(len(line) for line in lines) <= columns
    assert "urad.example/t/ABCDEFGH2345" in lines


def test_letters_in_parts_fractions_and_hyphens_are_readable() -> None:
    parts = unicodedata.normalize("NFD", "Příliš žluťoučký")
    assert to_code_page(parts) == "Příliš žluťoučký"
    assert (
        to_code_page("½ hodiny, 8\u201110, 8\u20099, jan\u200ba") == "1/2 hodiny, 8-10, 8 9, jana"
    )


def test_other_letters_lose_their_marks_rather_than_the_ticket() -> None:
    assert to_code_page("Łódź Ñandú Київ €") == "Łódź Nandú ???? ?"


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        ({"paper": False}, "printer_no_paper"),
        ({"deaf": True}, "printer_broken"),
    ],
)
def test_a_printer_that_cannot_print_is_found_out(behaviour: dict[str, bool], kind: str) -> None:
    with halls.printer(**behaviour) as sink:
        port = sink.option["port"]
        with pytest.raises(PrinterFault) as fault:
            print_slip(SLIP, host="127.0.0.1", port=port)
    assert fault.value.kind == kind
    assert sink.jobs == []


def test_a_printer_that_is_away_is_given_up_quickly() -> None:
    with halls.printer() as sink:
        host, port = sink.address.split(":")
    started = time.monotonic()
    with pytest.raises(PrinterFault) as fault:
        print_slip(SLIP, host=host, port=int(port))
    assert fault.value.kind == "printer_unreachable"
    assert time.monotonic() - started < 5


def test_a_printer_that_answers_no_questions_still_prints() -> None:
    with halls.printer(answers=False) as sink:
        host, port = sink.address.split(":")
        print_slip(SLIP, host=host, port=int(port))
        assert halls.Paper(sink.job()).cuts == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words", "absent"),
    [
        (
            "cs",
            [
                "Vaše číslo",
                "Přepis vozidla",
                "Před Vámi je 1 člověk",
                "Neplatí po 23. 11. 2026 17:00",
            ],
            ["Transfer"],
        ),
        (
            "en",
            [
                "Your number",
                "Transfer of a vehicle",
                "Přepis vozidla",
                "1 person ahead of you",
                "Not valid after 23 November 2026 17:00",
            ],
            ["Vaše"],
        ),
    ],
)
def test_the_slip_speaks_the_language_of_the_ticket(
    language: str, words: list[str], absent: list[str]
) -> None:
    office = town.office()
    town.confirmed(office, "9:00")
    _, ticket = [
        tickets.issue_ticket(
            office=office,
            service=town.service(office),
            touch=uuid4(),
            language=language,
            now=town.at(f"8:{minute}"),
        )
        for minute in (10, 11)
    ]
    slip = slip_of(office, ticket, now=town.at("8:11"))
    paper = printed(slip).text
    for word in words:
        assert word in paper
    for word in [*absent, "Jana"]:
        assert word not in paper
    assert slip.link.endswith(f"{'/en' if language == 'en' else ''}/t/{ticket.code}/")
