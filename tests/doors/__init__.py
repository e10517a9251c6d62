"""One contract for all doors: every way in and every way out is put through the same promises."""
