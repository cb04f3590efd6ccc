#include "common/settings/resolvconf.h"

#include <string.h>

enum { SETTINGS_RESOLVCONF_PORT = 53 };

static struct slice
settings_resolvconf_line(struct slice *text)
{
	const char *end = memchr(text->data, '\n', text->len);
	struct slice line = {text->data, end ? (size_t)(end - text->data) : text->len};
	size_t skip = line.len + (end != NULL);

	text->data += skip;
	text->len -= skip;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static size_t
settings_resolvconf_word(struct slice text)
{
	size_t len = 0;

	while (len < text.len && text.data[len] != ' ' && text.data[len] != '\t')
		len++;
	return len;
}

size_t
settings_resolvconf_parse(struct slice text, struct netaddr servers[SETTINGS_RESOLVCONF_MAX])
{
	size_t count = 0;

	while (text.len > 0 && count < SETTINGS_RESOLVCONF_MAX) {
		struct slice line = settings_resolvconf_line(&text);
		struct slice value;
		size_t len = settings_resolvconf_word(line);

		/* The C library wants the keyword in the first column, and so do we. */
		if (!slice_is((struct slice){line.data, len}, "nameserver"))
			continue;
		value = slice_trim((struct slice){line.data + len, line.len - len});
		value.len = settings_resolvconf_word(value);
		if (netaddr_parse(value, SETTINGS_RESOLVCONF_PORT, &servers[count]))
			count++;
	}
	if (count == 0 &&
	    netaddr_parse(slice_of("127.0.0.1"), SETTINGS_RESOLVCONF_PORT, &servers[0]))
		count = 1;
	return count;
}
