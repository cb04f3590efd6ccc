#include "common/domain.h"

#include <string.h>

#include "common/netaddr.h"

static bool
domain_is_label_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_';
}

static bool
domain_check(struct slice name, bool utf8)
{
	size_t label = 0;

	if (name.len == 0 || name.len > DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c == '.') {
			if (label == 0 || name.data[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!domain_is_label_char(c) && !(utf8 && c >= 0x80))
			return false;
		if (label == 0 && c == '-')
			return false;
		if (++label > DOMAIN_LABEL_MAX)
			return false;
	}
	return label > 0 && name.data[name.len - 1] != '-';
}

bool
domain_is_valid(struct slice name)
{
	return domain_check(name, false);
}

bool
domain_is_valid_utf8(struct slice name)
{
	return domain_check(name, true);
}

bool
domain_is_literal(struct slice name)
{
	struct netaddr address;
	struct slice inside;

	if (name.len < 3 || name.data[0] != '[' || name.data[name.len - 1] != ']')
		return false;
	inside = (struct slice){name.data + 1, name.len - 2};
	if (slice_starts_nocase(inside, "IPv6:")) {
		inside.data += 5;
		inside.len -= 5;
		return netaddr_parse(inside, 0, &address) && netaddr_family(&address) == AF_INET6;
	}
	return netaddr_parse(inside, 0, &address) && netaddr_family(&address) == AF_INET;
}

bool
domain_is_ehlo_name(struct slice name)
{
	return domain_is_valid(name) || domain_is_literal(name);
}

void
domain_lower(char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] + ('a' - 'A'));
}

bool
domain_normalize(struct slice name, char text[DOMAIN_TEXT])
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	if (name.len > DOMAIN_MAX)
		return false;
	if (name.len > 0)
		memcpy(text, name.data, name.len);
	text[name.len] = '\0';
	domain_lower(text, name.len);
	return true;
}

struct slice
domain_of(struct slice address)
{
	const char *at = address.len ? memrchr(address.data, '@', address.len) : NULL;

	if (at == NULL)
		return (struct slice){"", 0};
	return (struct slice){at + 1, address.len - (size_t)(at + 1 - address.data)};
}
