import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import path
from django.utils import translation

import prepazka
from prepazka.looks.templatetags.looks import icon

urlpatterns = i18n_patterns(
    path("office/<slug:office>/", lambda _request, office: HttpResponse(office), name="office"),
    prefix_default_language=False,
)
OFFICE = {"name": "Městský úřad Kocourkov"}


class Contact(forms.Form):
    name = forms.CharField(label="Jméno", help_text="Jak Vás máme oslovit.")
    way = forms.ChoiceField(
        label="Kam", choices=[("mail", "E-mail"), ("sms", "SMS")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="Poznámka", required=False, widget=forms.Textarea)

    def clean(self) -> None:
        raise forms.ValidationError("Termín je už obsazený.")


@pytest.fixture
def wrong() -> Iterator[Contact]:
    with translation.override("cs"):
        form = Contact({})
        form.full_clean()
        yield form


def test_the_summary_links_each_error_to_its_input(wrong: Contact) -> None:
    html = render_to_string("looks/_error_summary.html", {"form": wrong})
    fields = "".join(render_to_string("looks/_field.html", {"field": field}) for field in wrong)
    links = re.findall(r'href="#([^"]+)"', html)
    assert links == ["id_name", "id_way_0"]
    assert all(f'id="{link}"' in fields for link in links)
    assert "Termín je už obsazený." in html
    assert not render_to_string("looks/_error_summary.html", {"form": Contact()}).strip()


def test_what_describes_an_input_exists(wrong: Contact) -> None:
    html = "".join(render_to_string("looks/_field.html", {"field": field}) for field in wrong)
    described = " ".join(re.findall(r'aria-describedby="([^"]+)"', html)).split()
    assert set(described) == {"id_name_helptext", "id_name_error", "id_way_error"}
    assert all(html.count(f'id="{name}"') == 1 for name in described)


@pytest.mark.parametrize(("language", "word"), [("cs", "Chyba:"), ("en", "Error:")])
def test_the_title_says_that_there_is_an_error(wrong: Contact, language: str, word: str) -> None:
    with translation.override(language):
        assert f"<title>{word} " in render_to_string(
            "looks/citizen.html", {"form": wrong, "office": OFFICE}
        )
        assert f"<title>{word}" not in render_to_string(
            "looks/citizen.html", {"form": Contact(), "office": OFFICE}
        )


@override_settings(
    ROOT_URLCONF=__name__,
    LANGUAGES=[("cs", "Čeština"), ("en", "English")],
    LANGUAGE_CODE="cs",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
)
@pytest.mark.parametrize(
    ("language", "here", "there"),
    [
        ("cs", "/office/louny/?day=1", "/en/office/louny/?day=1"),
        ("en", "/en/office/louny/", "/office/louny/"),
    ],
)
def test_the_language_switch_leads_to_the_same_page(language: str, here: str, there: str) -> None:
    with translation.override(language):
        html = render_to_string("looks/_languages.html", {"request": RequestFactory().get(here)})
    assert re.findall(r'href="([^"]+)"', html) == [there]


def test_the_page_says_its_language() -> None:
    for language in ("cs", "en"):
        with translation.override(language):
            assert f'<html lang="{language}" data-theme="light"' in render_to_string(
                "looks/citizen.html", {}
            )


def test_an_icon_must_exist() -> None:
    assert "<svg" in icon("check-lg")
    with pytest.raises(ValueError, match="no such icon"):
        icon("../secret")


def test_only_frames_of_pages_hold_the_summary_of_errors() -> None:
    """A page that includes it as well says everything twice."""
    package = Path(prepazka.__file__).parent
    summary = '{% include "looks/_error_summary.html" %}'
    outside = [
        str(page.relative_to(package))
        for page in package.rglob("templates/**/*.html")
        for line in page.read_text("utf-8").splitlines()
        if summary in line and line != f"{{% block errors %}}{summary}{{% endblock %}}"
    ]
    assert outside == []
