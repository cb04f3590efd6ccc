#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "worker/smtp/caps.h"
#include "worker/smtp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A reply that was read keeps to its limits, and its words are fit for one line of a log. */
static void
fuzz_check(const struct smtp_reply *reply)
{
	struct smtp_caps caps;
	struct str words = {0};

	assert(reply->code <= 999 && reply->lines >= 1 && reply->lines <= SMTP_REPLY_LINES_MAX);
	assert(reply->text.len <= SMTP_REPLY_SIZE_MAX);
	assert(reply->enhanced.class == 0 || reply->enhanced.class == reply->code / 100);
	for (int with_enhanced = 0; with_enhanced < 2; with_enhanced++) {
		smtp_reply_words(reply, with_enhanced, &words);
		assert(words.len <= OUTCOME_REPLY_MAX);
		for (size_t i = 0; i < words.len; i++)
			assert((unsigned char)words.data[i] >= ' ' && words.data[i] != 0x7f);
	}
	smtp_caps_read(&caps, reply);
	str_free(&words);
}

/* All replies of the input in pieces of the given size; a number that depends on each of them. */
static uint64_t
fuzz_replies(const char *text, size_t len, size_t piece)
{
	struct smtp_reply reply = {0};
	uint64_t sum = 0;
	size_t at = 0;

	while (at < len) {
		size_t now = len - at < piece ? len - at : piece;
		size_t used;
		enum smtp_reply_status status = smtp_reply_feed(&reply, text + at, now, &used);

		assert(used <= now && (status != SMTP_REPLY_MORE || used == now));
		at += used;
		if (status == SMTP_REPLY_MORE)
			continue;
		sum = sum * 31 + (uint64_t)status;
		if (status != SMTP_REPLY_DONE)
			break;
		fuzz_check(&reply);
		sum = sum * 31 + reply.code * 1000u + reply.lines + reply.text.len;
		smtp_reply_reset(&reply);
	}
	smtp_reply_free(&reply);
	return sum;
}

/* The first octet is the size of the pieces; whatever it is, the replies are the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	uint64_t whole;

	if (size < 2)
		return 0;
	whole = fuzz_replies(text, size - 1, size);
	assert(fuzz_replies(text, size - 1, (size_t)data[0] + 1) == whole);
	return 0;
}
