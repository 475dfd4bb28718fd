"""Pages: the kit of every report, from values of a page to drawings, words and HTML; it knows no subject."""
