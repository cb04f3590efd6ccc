#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/*
 * Domain names as mail uses them (RFC 5321 section 2.3.5, RFC 1035 section 2.3.4). Pure. A-labels
 * for U-labels are made elsewhere, where libidn2 is linked.
 */
enum { DOMAIN_MAX = 253, DOMAIN_LABEL_MAX = 63, DOMAIN_TEXT = DOMAIN_MAX + 1 };

/*
 * A name of letters, digits, hyphens (and underscores, which exist in practice) in labels of 1 to
 * 63 bytes, without a final dot. One label is enough.
 */
bool domain_is_valid(struct slice name);
/* As domain_is_valid(), also taking UTF-8 labels (RFC 6531). */
bool domain_is_valid_utf8(struct slice name);
/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3). */
bool domain_is_literal(struct slice name);
/* What may stand in EHLO: a domain name or an address literal. */
bool domain_is_ehlo_name(struct slice name);
/* ASCII lower case in place. */
void domain_lower(char *name, size_t len);
/* Lower case, without a final dot, NUL-terminated; false when too long for text. */
bool domain_normalize(struct slice name, char text[DOMAIN_TEXT]);
/* The part behind the last "@"; empty when there is none. */
struct slice domain_of(struct slice address);
