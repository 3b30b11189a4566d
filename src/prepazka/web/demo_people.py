"""The fictitious staff of demo offices, used by the tour and by simulated days."""

PASSWORD = "ukazka-prepazky"  # noqa: S105  # public on purpose; only demo offices have it
OFFICIAL = "urednik"  # the username of an office's first official
STAFF = (
    ("novakova", "Jana Nováková", "clerk"),
    ("dvorak", "Petr Dvořák", "clerk"),
    ("svobodova", "Eva Svobodová", "clerk"),
    ("cerny", "Tomáš Černý", "clerk"),
    ("recepce", "Marie Veselá", "reception"),
    ("linka", "Lucie Bartošová", "operator"),
    ("vedouci", "Karel Horák", "head"),
    ("spravce", "Alena Malá", "administrator"),
)

# The clerk whom a demo's visitor logs in as; simulated days leave her out.
VISITOR = "novakova"
