#include "common/settings/hint.h"

#include <string.h>

#include "common/domain.h"
#include "common/expr/scope.h"
#include "common/netaddr.h"
#include "common/settings/load.h"
#include "common/settings/similar.h"

enum { SETTINGS_HINT_WORD = 64 };

static bool
settings_hint_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

/* The word around a column, hyphens included. */
static struct slice
settings_hint_word(struct slice text, unsigned column)
{
	size_t start = 0;
	size_t end;

	while (column > 1 && start < text.len) {
		start++;
		if (start == text.len || ((unsigned char)text.data[start] & 0xc0) != 0x80)
			column--;
	}
	if (start == text.len && start > 0)
		start--;
	end = start;
	while (start > 0 && settings_hint_is_word(text.data[start - 1]))
		start--;
	while (end < text.len && settings_hint_is_word(text.data[end]))
		end++;
	return end > start ? (struct slice){text.data + start, end - start} : (struct slice){0};
}

/* Is it a word of the scope, a constant or a variable? */
static bool
settings_hint_knows(const struct expr_scope *scope, struct slice word)
{
	enum expr_variable variable;

	for (size_t i = 0; i < scope->constant_count; i++) {
		if (slice_is(word, scope->constants[i].name))
			return true;
	}
	return expr_scope_find_variable(word, &variable) &&
	       (scope->variables & EXPR_BIT(variable)) != 0;
}

/* Names had hyphens before Stalwart 0.6. */
static bool
settings_hint_hyphens(const struct expr_scope *scope, struct slice word, struct str *hint)
{
	char name[SETTINGS_HINT_WORD];

	if (word.len == 0 || word.len >= sizeof(name) || memchr(word.data, '-', word.len) == NULL)
		return false;
	for (size_t i = 0; i < word.len; i++)
		name[i] = word.data[i] == '-' ? '_' : word.data[i];
	name[word.len] = '\0';
	if (!settings_hint_knows(scope, (struct slice){name, word.len}))
		return false;
	str_printf(hint, "write %s, with underscores", name);
	return true;
}

static bool
settings_hint_quotes(const struct settings_block_spec *spec, struct slice text, struct str *hint)
{
	struct netaddr address;
	struct slice whole = slice_trim(text);

	if (netaddr_parse(whole, 0, &address)) {
		str_printf(hint, "an address is a text, and needs quotes of its own: \"'%.*s'\"",
			   SLICE_ARG(whole));
		return true;
	}
	if ((spec->type == SETTINGS_TYPE_HOST || spec->type == SETTINGS_TYPE_RELAY ||
	     spec->type == SETTINGS_TYPE_TEXT || spec->type == SETTINGS_TYPE_MAILBOX) &&
	    whole.len > 0 && memchr(whole.data, '\'', whole.len) == NULL &&
	    memchr(whole.data, '(', whole.len) == NULL &&
	    memchr(whole.data, '"', whole.len) == NULL) {
		str_printf(hint, "a text needs quotes of its own: \"'%.*s'\"", SLICE_ARG(whole));
		return true;
	}
	return false;
}

static const char *
settings_hint_similar(const struct expr_scope *scope, struct slice word)
{
	const char *names[EXPR_VARIABLE_COUNT + SETTINGS_HINT_WORD];
	size_t count = 0;

	for (int i = 0; i < EXPR_VARIABLE_COUNT; i++) {
		if (scope->variables & EXPR_BIT(i))
			names[count++] = expr_scope_variable((enum expr_variable)i)->name;
	}
	for (size_t i = 0; i < scope->constant_count && i + 1 < SETTINGS_HINT_WORD; i++)
		names[count++] = scope->constants[i].name;
	names[count] = NULL;
	return settings_similar_word(word, names);
}

void
settings_hint(const struct settings *settings, const struct settings_block_spec *spec,
	      struct slice text, unsigned column, struct str *hint)
{
	struct slice word = settings_hint_word(text, column);
	const char *similar;

	if (word.len > 0 && settings_relay_find(settings, word) != NULL) {
		str_printf(hint, "the id of a remote needs quotes of its own: '%.*s'",
			   SLICE_ARG(word));
		return;
	}
	if (settings_hint_hyphens(spec->scope, word, hint) ||
	    settings_hint_quotes(spec, text, hint) || settings_hint_knows(spec->scope, word))
		return;
	similar = word.len >= 3 ? settings_hint_similar(spec->scope, word) : NULL;
	if (similar != NULL)
		str_printf(hint, "did you mean %s?", similar);
	else if (slice_equal(word, slice_trim(text)) &&
		 settings_table_words(spec->type, &(size_t){0}) != NULL)
		str_printf(hint, "must be %s", settings_table_type_words(spec->type));
}
