#include "worker/smtp/caps.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "worker/smtp/reply.h"

struct smtp_caps_word {
	const char *word;
	size_t offset; /* of the bool it sets in struct smtp_caps */
};

static const struct smtp_caps_word smtp_caps_words[] = {
    {"PIPELINING", offsetof(struct smtp_caps, pipelining)},
    {"CHUNKING", offsetof(struct smtp_caps, chunking)},
    {"BINARYMIME", offsetof(struct smtp_caps, binarymime)},
    {"8BITMIME", offsetof(struct smtp_caps, eight_bit_mime)},
    {"SMTPUTF8", offsetof(struct smtp_caps, smtputf8)},
    {"DSN", offsetof(struct smtp_caps, dsn)},
    {"STARTTLS", offsetof(struct smtp_caps, starttls)},
    {"REQUIRETLS", offsetof(struct smtp_caps, requiretls)},
    {"MT-PRIORITY", offsetof(struct smtp_caps, mt_priority)},
    {"ENHANCEDSTATUSCODES", offsetof(struct smtp_caps, enhanced_status_codes)},
    {"SIZE", offsetof(struct smtp_caps, size)},
};

static const struct {
	const char *word;
	enum smtp_auth bit;
} smtp_caps_mechanisms[] = {
    {"PLAIN", SMTP_AUTH_PLAIN},
    {"LOGIN", SMTP_AUTH_LOGIN},
    {"CRAM-MD5", SMTP_AUTH_CRAM_MD5},
    {"EXTERNAL", SMTP_AUTH_EXTERNAL},
    {"XOAUTH2", SMTP_AUTH_XOAUTH2},
    {"OAUTHBEARER", SMTP_AUTH_OAUTHBEARER},
    {"SCRAM-SHA-1", SMTP_AUTH_SCRAM_SHA_1},
    {"SCRAM-SHA-256", SMTP_AUTH_SCRAM_SHA_256},
};

/* Takes the next word off *rest; words are parted by spaces and tabs. */
static struct slice
smtp_caps_next(struct slice *rest)
{
	struct slice word = slice_trim(*rest);
	size_t len = 0;

	while (len < word.len && word.data[len] != ' ' && word.data[len] != '\t')
		len++;
	*rest = (struct slice){word.data + len, word.len - len};
	word.len = len;
	return word;
}

static void
smtp_caps_auth(struct smtp_caps *caps, struct slice rest)
{
	struct slice word;

	while ((word = smtp_caps_next(&rest)).len > 0) {
		for (size_t i = 0;
		     i < sizeof(smtp_caps_mechanisms) / sizeof(smtp_caps_mechanisms[0]); i++) {
			if (slice_is_nocase(word, smtp_caps_mechanisms[i].word))
				caps->auth |= (unsigned)smtp_caps_mechanisms[i].bit;
		}
	}
}

static void
smtp_caps_limit(struct slice word, const char *name, unsigned *limit)
{
	size_t len = strlen(name);
	unsigned long long number;

	if (!slice_starts_nocase(word, name))
		return;
	/* Zero is no limit that one could keep to, and beyond this nobody means it. */
	if (slice_number((struct slice){word.data + len, word.len - len}, &number) && number > 0 &&
	    number <= 999999)
		*limit = (unsigned)number;
}

static void
smtp_caps_line(struct smtp_caps *caps, struct slice line)
{
	struct slice rest = line;
	struct slice word = smtp_caps_next(&rest);
	unsigned long long number;

	for (size_t i = 0; i < sizeof(smtp_caps_words) / sizeof(smtp_caps_words[0]); i++) {
		if (slice_is_nocase(word, smtp_caps_words[i].word))
			*(bool *)((char *)caps + smtp_caps_words[i].offset) = true;
	}
	if (slice_is_nocase(word, "SIZE") && slice_number(slice_trim(rest), &number))
		caps->size_limit = number;
	if (slice_is_nocase(word, "AUTH"))
		smtp_caps_auth(caps, rest);
	/* A form older than RFC 2554 that is still said beside the right one. */
	if (slice_starts_nocase(word, "AUTH="))
		smtp_caps_auth(caps, (struct slice){line.data + 5, line.len - 5});
	if (slice_is_nocase(word, "LIMITS")) {
		while ((word = smtp_caps_next(&rest)).len > 0) {
			smtp_caps_limit(word, "RCPTMAX=", &caps->rcpt_max);
			smtp_caps_limit(word, "MAILMAX=", &caps->mail_max);
		}
	}
}

void
smtp_caps_read(struct smtp_caps *caps, const struct smtp_reply *reply)
{
	const char *at = reply->text.data;
	const char *end = at ? at + reply->text.len : NULL;
	bool first = true;

	memset(caps, 0, sizeof(*caps));
	while (at != NULL) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		if (!first)
			smtp_caps_line(caps, slice_trim((struct slice){at, len}));
		first = false;
		at = stop ? stop + 1 : NULL;
	}
}
