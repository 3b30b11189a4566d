"""PDFs: rendering of uploaded documents, and printing of minutes."""
