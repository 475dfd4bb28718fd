"""Pages: the kit of every report, from the values of a page to drawings and HTML; it knows no subject."""
