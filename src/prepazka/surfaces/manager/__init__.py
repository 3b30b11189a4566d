"""The screens of the head and of the administrator."""
