"""The Czech words must be compiled before a page is rendered."""

from prepazka.looks.compile_messages import compile_messages

compile_messages()
