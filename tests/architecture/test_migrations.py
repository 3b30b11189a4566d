"""Migrations leave the release before working while the office is updated."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from tests.architecture.migration_rules import ALLOWED, NOT_CHECKED, faults

OURS = sorted(
    config.label for config in apps.get_app_configs() if config.name.startswith("prepazka.")
)


def checked(loader: MigrationLoader, app: str) -> list[str]:
    """The names of the migrations that came after the last one that is not looked at."""
    names = sorted(name for label, name in loader.disk_migrations if label == app)
    return [name for name in names if name > NOT_CHECKED.get(app, "")]


@pytest.mark.parametrize("app", OURS)
def test_the_release_before_goes_on_working(app: str) -> None:
    loader = MigrationLoader(None)
    wrong = []
    new_models: set[str] = set()
    for name in checked(loader, app):
        migration: Any = loader.get_migration(app, name)
        state = loader.project_state((app, name), at_end=False)
        for operation in migration.operations:
            before, state = state, state.clone()
            operation.state_forwards(app, state)
            if isinstance(operation, migrations.CreateModel):
                new_models.add(operation.name.lower())
            elif (app, name) not in ALLOWED:
                wrong += [
                    f"{app} {name}: {operation.describe()}: {sentence}"
                    for sentence in faults(operation, app, before, state, new_models)
                ]
    assert wrong == []


def test_what_is_not_looked_at_exists() -> None:
    on_disk = MigrationLoader(None).disk_migrations
    assert [one for one in (*NOT_CHECKED.items(), *ALLOWED) if one not in on_disk] == []


def visit(**fields: Any) -> ProjectState:
    """A project with two models, which the release before has; one has a table named by hand."""
    own = [("id", models.BigAutoField(primary_key=True)), *fields.items()]
    state = ProjectState()
    state.add_model(ModelState("hall", "Visit", own))
    state.add_model(ModelState("hall", "Pass", own[:1], {"db_table": "hall_pass"}))
    return state


TEXT = models.CharField(max_length=10)
REFUSED = {
    "a column without a default": migrations.AddField(
        "visit", "note", models.TextField(default="")
    ),
    "a column that goes": migrations.RemoveField("visit", "name"),
    "a table that goes": migrations.DeleteModel("Visit"),
    "a column with another name": migrations.RenameField("visit", "name", "title"),
    "a table with another name": migrations.RenameModel("Visit", "Call"),
    "NULL no more": migrations.AlterField("visit", "maybe", models.IntegerField()),
    "no default more": migrations.AlterField("visit", "kind", models.CharField(max_length=5)),
    "another type": migrations.AlterField("visit", "name", models.IntegerField()),
    "less room": migrations.AlterField("visit", "name", models.CharField(max_length=9)),
    "an index": migrations.AddIndex("visit", models.Index(fields=["name"], name="by_name")),
    "a constraint": migrations.AddConstraint(
        "visit", models.UniqueConstraint(fields=["name"], name="one_name")
    ),
    "SQL": migrations.RunSQL("LOCK TABLE hall_visit"),
}
ACCEPTED = {
    "a model with another name and the same table": migrations.RenameModel("Pass", "Call"),
    "a column with a default": migrations.AddField(
        "visit", "note", models.TextField(default="", db_default="")
    ),
    "a column that may be empty": migrations.AddField("visit", "note", models.TextField(null=True)),
    "more room": migrations.AlterField("visit", "name", models.CharField(max_length=20)),
    "other words": migrations.AlterField(
        "visit", "name", models.CharField(max_length=10, help_text="of the visitor")
    ),
    "NULL from now on": migrations.AlterField(
        "visit", "name", models.CharField(max_length=10, null=True)
    ),
}


def sentences(operation: Any, *new: str) -> list[str]:
    before = visit(
        name=TEXT,
        maybe=models.IntegerField(null=True),
        kind=models.CharField(max_length=5, db_default="x"),
    )
    after = before.clone()
    operation.state_forwards("hall", after)
    return list(faults(operation, "hall", before, after, set(new)))


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    assert len(sentences(REFUSED[what])) == 1
    if what != "SQL":
        assert sentences(REFUSED[what], "visit") == [], "with a new table all may be done"


@pytest.mark.parametrize("what", ACCEPTED)
def test_accepted(what: str) -> None:
    assert sentences(ACCEPTED[what]) == []
