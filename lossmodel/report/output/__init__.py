"""A document as HTML, Markdown, PDF, LaTeX and BibTeX."""
