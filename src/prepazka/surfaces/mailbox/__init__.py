"""The mails of the demo, so that its links can be clicked; absent from a real installation."""
