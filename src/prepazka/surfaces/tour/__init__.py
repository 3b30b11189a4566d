"""The start page of a demo: a tour by roles, its clock, and people who come; absent elsewhere."""
