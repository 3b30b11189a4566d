"""The screens of clerks and of the desk."""
