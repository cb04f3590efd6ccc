#include "worker/resolve/name.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"

static uint8_t
name_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

/* The underscore is not a host's, but _25._tcp and _mta-sts are names we ask for. */
static bool
name_is_plain(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
	       byte == '_';
}

bool
resolve_name_set(struct resolve_name *name, const char *text)
{
	size_t left = strlen(text);

	name->len = 0;
	if (left > 0 && text[left - 1] == '.')
		left--;
	if (left == 0 || left > RESOLVE_NAME_MAX - 2)
		return false;
	for (;;) {
		const char *dot = memchr(text, '.', left);
		size_t label = dot ? (size_t)(dot - text) : left;

		if (label == 0 || label > RESOLVE_NAME_LABEL_MAX)
			return false;
		name->wire[name->len++] = (uint8_t)label;
		for (size_t i = 0; i < label; i++) {
			uint8_t byte = name_lower((uint8_t)text[i]);

			if (!name_is_plain(byte))
				return false;
			name->wire[name->len++] = byte;
		}
		if (!dot)
			break;
		text += label + 1;
		left -= label + 1;
	}
	name->wire[name->len++] = 0;
	return true;
}

bool
resolve_name_read(struct resolve_name *name, const uint8_t *packet, size_t len, size_t *at)
{
	size_t place = *at;
	size_t before = *at; /* a pointer must lead to somewhere before this */
	bool jumped = false;

	name->len = 0;
	while (place < len) {
		uint8_t size = packet[place];

		if ((size & 0xc0) == 0xc0) {
			size_t target;

			if (len - place < 2)
				return false;
			target = (size_t)(size & 0x3f) << 8 | packet[place + 1];
			if (target >= before)
				return false;
			if (!jumped)
				*at = place + 2;
			jumped = true;
			before = place = target;
			continue;
		}
		if (size > RESOLVE_NAME_LABEL_MAX || len - place <= size ||
		    name->len + 1 + size + (size ? 1 : 0) > RESOLVE_NAME_MAX)
			return false;
		name->wire[name->len++] = size;
		for (size_t i = 1; i <= size; i++)
			name->wire[name->len++] = name_lower(packet[place + i]);
		place += (size_t)size + 1;
		if (size > 0)
			continue;
		if (!jumped)
			*at = place;
		return true;
	}
	return false;
}

bool
resolve_name_equal(const struct resolve_name *a, const struct resolve_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

bool
resolve_name_is_host(const struct resolve_name *name)
{
	if (name->len < 2)
		return false;
	for (size_t at = 0; name->wire[at] > 0; at += (size_t)name->wire[at] + 1) {
		for (size_t i = 1; i <= name->wire[at]; i++) {
			if (!name_is_plain(name->wire[at + i]))
				return false;
		}
	}
	return true;
}

char *
resolve_name_text(struct arena *arena, const struct resolve_name *name)
{
	struct str text = {0};
	char *copy;

	if (name->len < 2)
		str_char(&text, '.');
	for (size_t at = 0; at < name->len && name->wire[at] > 0;
	     at += (size_t)name->wire[at] + 1) {
		if (at > 0)
			str_char(&text, '.');
		for (size_t i = 1; i <= name->wire[at]; i++) {
			uint8_t byte = name->wire[at + i];

			if (name_is_plain(byte))
				str_char(&text, (char)byte);
			else
				str_printf(&text, "\\%03u", byte);
		}
	}
	copy = arena_copy(arena, str_c(&text), text.len);
	str_free(&text);
	return copy;
}

char *
resolve_name_reverse(char text[RESOLVE_NAME_REVERSE], const struct sockaddr *address)
{
	const uint8_t *bytes;
	size_t len = 0;

	if (address->sa_family == AF_INET) {
		bytes = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
		snprintf(text, RESOLVE_NAME_REVERSE, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2],
			 bytes[1], bytes[0]);
		return text;
	}
	bytes = ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
	for (size_t i = 0; i < 32; i++) {
		uint8_t byte = bytes[15 - i / 2];

		text[len++] = "0123456789abcdef"[byte >> (i % 2 ? 4 : 0) & 15];
		text[len++] = '.';
	}
	snprintf(text + len, RESOLVE_NAME_REVERSE - len, "ip6.arpa");
	return text;
}
