"""The demo's mailbox, so that links in mails can be tried; absent from real installations."""
