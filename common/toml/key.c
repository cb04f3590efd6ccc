#include "common/toml/key.h"

#include <string.h>

#include "common/arena.h"
#include "common/toml/scan.h"
#include "common/toml/string.h"
#include "common/toml/tree.h"

static bool
key_is_bare(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* At a character that cannot begin a key. */
static bool
key_missing(struct toml_scan *scan)
{
	int c = toml_scan_peek(scan);

	if (toml_scan_at_line_end(scan))
		return toml_scan_fail_here(scan, "a key is missing before the end of the line");
	if (c == '.')
		return toml_scan_fail_here(scan, "a key is missing before the dot; an empty key is "
						 "written \"\"");
	if (c == '=')
		return toml_scan_fail_here(scan, "a key is missing before the =");
	if (c == ']')
		return toml_scan_fail_here(scan, "a name is missing before the ]");
	return toml_scan_fail_here(scan, "a key is missing: %s cannot begin one without quotes",
				   toml_scan_quote(scan, toml_scan_character(scan)));
}

/* Letters of other scripts, '@', ':' and the like are what keys with domains in them meet. */
static bool
key_wrong_character(struct toml_scan *scan, const char *begin)
{
	struct slice whole = toml_scan_ahead(scan, " \t=]#,{}[\"'");
	const char *shown = toml_scan_quote(scan, toml_scan_character(scan));
	struct toml_position at = toml_scan_here(scan);

	whole.len += (size_t)(whole.data - begin);
	whole.data = begin;
	if (toml_scan_peek(scan) == ':')
		return toml_scan_fail(scan, at,
				      "a : cannot follow a key: put = between key and value, and "
				      "quotes around a key that contains a :");
	return toml_scan_fail(scan, at, "a key with %s in it needs quotes: write \"%s\"", shown,
			      toml_scan_quote(scan, whole));
}

static bool
key_bare(struct toml_scan *scan, struct slice *text)
{
	const char *begin = scan->next;
	size_t len;
	int c;

	while (key_is_bare(toml_scan_peek(scan)))
		scan->next++;
	c = toml_scan_peek(scan);
	len = (size_t)(scan->next - begin);
	if (toml_scan_fails_invisible(scan))
		return false;
	if (c > ' ' && strchr(".=]#,[}{\"'", c) == NULL) {
		/* A backslash would need more than quotes: the advice must not mislead. */
		if (c != '\\')
			return key_wrong_character(scan, begin);
		return toml_scan_fail_here(scan, "a \\ cannot stand in a key without quotes");
	}
	if (len == 0)
		return key_missing(scan);
	*text = (struct slice){arena_copy(scan->arena, begin, len), len};
	return true;
}

static bool
key_part(struct toml_scan *scan, struct toml_key_part *part)
{
	int c = toml_scan_peek(scan);

	part->at = toml_scan_here(scan);
	if (c == '"' || c == '\'') {
		if (!toml_string_read(scan, true, &part->key))
			return false;
	} else if (!key_bare(scan, &part->key)) {
		return false;
	}
	part->end = scan->next;
	return true;
}

bool
toml_key_read(struct toml_scan *scan, struct toml_key *key)
{
	size_t room = 2;

	key->begin = scan->next;
	key->count = 0;
	key->parts = arena_array(scan->arena, room, sizeof(*key->parts));
	do {
		struct toml_key_part *parts = key->parts;

		if (key->count == TOML_TREE_DEPTH)
			return toml_scan_fail_here(scan, "the key has more than %d parts",
						   TOML_TREE_DEPTH);
		if (key->count == room) {
			room *= 2;
			key->parts = arena_array(scan->arena, room, sizeof(*key->parts));
			memcpy(key->parts, parts, key->count * sizeof(*parts));
		}
		toml_scan_blanks(scan);
		if (!key_part(scan, &key->parts[key->count]))
			return false;
		key->count++;
		toml_scan_blanks(scan);
	} while (toml_scan_take(scan, "."));
	return true;
}

const char *
toml_key_name(struct toml_scan *scan, const struct toml_key *key, size_t part)
{
	const char *end = key->parts[part].end;

	return toml_scan_quote(scan, (struct slice){key->begin, (size_t)(end - key->begin)});
}
