"""The fictitious staff of every demo office; the tour and the played day log in as them too."""

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

# The clerk that a visitor of the demo is; a day played beside the visitor leaves her out.
VISITOR = "novakova"
