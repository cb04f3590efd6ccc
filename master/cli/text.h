#pragma once

#include <stddef.h>

#include "common/str.h"

/*
 * Text of strangers on its way to a terminal: nothing in it may move the cursor or turn the line
 * around, and its width must be known. Widths are columns of a terminal; they need
 * cli_text_locale() once, else every character counts as one.
 */

/* Sets LC_CTYPE to UTF-8, which is what is written whatever the environment says. */
void cli_text_locale(void);
/*
 * One line: as str_printable(), and the bytes of C1 control characters and of characters that
 * change the direction of text as \xNN too.
 */
void cli_text_line(struct str *str, struct slice text);
/* As str_json(), with the same characters as \uNNNN. */
void cli_text_json(struct str *str, struct slice text);
/* Columns of a text made by cli_text_line(). */
size_t cli_text_width(struct slice text);
/* Bytes of the longest beginning that takes at most width columns. */
size_t cli_text_fit(struct slice text, size_t width);
