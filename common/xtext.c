#include "common/xtext.h"

#include "common/arena.h"

/* hexchar has capital letters only (RFC 3461 section 4). */
static int
xtext_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
xtext_decode(struct arena *arena, struct slice encoded, struct slice *text)
{
	char *out = arena_alloc(arena, encoded.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < encoded.len; i++) {
		char c = encoded.data[i];

		if (c == '+') {
			int high = i + 2 < encoded.len ? xtext_hex(encoded.data[i + 1]) : -1;
			int low = high >= 0 ? xtext_hex(encoded.data[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c < '!' || c > '~' || c == '=') {
			return false;
		}
		out[len++] = c;
	}
	out[len] = '\0';
	*text = (struct slice){out, len};
	return true;
}
