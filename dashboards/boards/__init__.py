"""One module a dashboard; each has a function `board()`."""
