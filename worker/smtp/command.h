#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

struct smtp_caps;
struct smtp_message;
struct smtp_recipient;

/*
 * The text of every command a session says, appended to out with its CRLF. Pure; a parameter is
 * only said when the peer offers its extension.
 */

/* verb: EHLO, HELO or LHLO. */
void smtp_command_hello(struct str *out, const char *verb, const char *name);
void smtp_command_mail(struct str *out, const struct smtp_message *message,
		       const struct smtp_caps *caps);
void smtp_command_rcpt(struct str *out, const struct smtp_recipient *recipient,
		       const struct smtp_message *message, const struct smtp_caps *caps);
/* The whole message as one last chunk (RFC 3030 section 2). */
void smtp_command_bdat(struct str *out, uint64_t size);
void smtp_command_plain(struct str *out, const char *verb);
/* RFC 3461 section 4. */
void smtp_command_xtext(struct str *out, struct slice text);
/*
 * True when the address can stand between angle brackets: no control character, no angle bracket
 * and no space outside a quoted string. What fails here would end the command early.
 */
bool smtp_command_address_fits(struct slice address);
