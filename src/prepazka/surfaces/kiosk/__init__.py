"""The machine in the hall that gives tickets and takes PINs."""
