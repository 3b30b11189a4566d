"""PDFs: pictures of the pages of somebody's PDF, and the PDF of our minutes."""
