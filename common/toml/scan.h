#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"
#include "common/toml/parse.h"
#include "common/toml/tree.h"

/*
 * The cursor of the parser over its text, and the way its complaints leave. Everything behind
 * toml_scan_open() may rely on a text of valid UTF-8 in which the only control characters are tab,
 * LF and CR directly before LF: TOML allows no others anywhere.
 *
 * The caller owns the struct; texts made here are in its arena.
 */
struct arena;
struct why;

struct toml_scan {
	struct arena *arena;
	unsigned flags; /* TOML_LENIENT */
	toml_warn_fn warn;
	void *arg;
	struct why *why;
	const char *next;     /* first byte not yet read; never moves back */
	const char *end;      /* behind the last byte, where a NUL is */
	unsigned brackets;    /* how many [ and { of values are open around the cursor */
	const char *position; /* up to where lines and columns are counted: counting is lazy */
	struct toml_position counted;
};

/* Starts on a copy of text, behind its byte order mark; false when its characters are wrong. */
bool toml_scan_open(struct toml_scan *scan, struct slice text);

/* The next byte, or -1 at the end of the text. */
int toml_scan_peek(const struct toml_scan *scan);
/* At a line end or at the end of the text. */
bool toml_scan_at_line_end(const struct toml_scan *scan);
/* The whole next character; empty at the end of the text. */
struct slice toml_scan_character(const struct toml_scan *scan);
/* A blank or mark comes next that editors show as a space or not at all: fails then, and is true.
 */
bool toml_scan_fails_invisible(struct toml_scan *scan);
/* True when text comes next; take also moves behind it. */
bool toml_scan_starts(const struct toml_scan *scan, const char *text);
bool toml_scan_take(struct toml_scan *scan, const char *text);
/* Takes one LF or CRLF. */
bool toml_scan_newline(struct toml_scan *scan);
/* Skips spaces and tabs. */
void toml_scan_blanks(struct toml_scan *scan);
/* Skips a comment, if there is one, up to its line end. */
void toml_scan_comment(struct toml_scan *scan);
/* What comes next up to one of the bytes in stops, a line end or the end of the text; not taken. */
struct slice toml_scan_ahead(const struct toml_scan *scan, const char *stops);

/* Where the cursor is. */
struct toml_position toml_scan_here(struct toml_scan *scan);
/* Fills why; always false, so that callers can return it. */
bool toml_scan_fail(struct toml_scan *scan, struct toml_position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As toml_scan_fail() at the cursor. */
bool toml_scan_fail_here(struct toml_scan *scan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void toml_scan_warn(struct toml_scan *scan, struct toml_position at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A piece of the text for use in a message: cut when long. */
const char *toml_scan_quote(struct toml_scan *scan, struct slice piece);
