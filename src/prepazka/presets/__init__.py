"""Files of offices that come with the program."""
