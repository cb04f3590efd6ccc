#pragma once

#include <stdbool.h>

#include "common/str.h"

/*
 * Mailboxes and paths of the envelope (RFC 5321 section 4.1.2, with UTF-8 of RFC 6531). Pure: what
 * is parsed are slices of the input.
 */
enum { MAILBOX_LOCAL_MAX = 64, MAILBOX_MAX = 254 };

struct mailbox {
	struct slice local;  /* as written, quotes included */
	struct slice domain; /* name or literal; empty only for postmaster */
	bool utf8;           /* has a byte above 127: needs SMTPUTF8 */
};

/*
 * A mailbox without angle brackets, all of text. The limits are those of RFC 5321 section 4.5.3.1;
 * a domain of one label is taken.
 */
bool mailbox_parse(struct slice text, struct mailbox *mailbox);
/*
 * A path as MAIL and RCPT carry it: "<" [source route ":"] mailbox ">" at the start of text; the
 * route is skipped (RFC 5321 appendix C). "<>" gives an empty path, and "<postmaster>" one without
 * a domain. rest is what follows the path. Without brackets: false.
 */
bool mailbox_parse_path(struct slice text, struct slice *path, struct slice *rest);
