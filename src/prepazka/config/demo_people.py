"""The fictitious staff of every demo office; the played day logs in as them too."""

PASSWORD = "ukazka-prepazky"  # noqa: S105  # public on purpose; only demo offices have it
OFFICIAL = "urednik"  # the log-in of the first official, where an office has officials
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
