"""Pages: the kit of every report, from the values of a page to charts, words and HTML."""
