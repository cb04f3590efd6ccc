#include "common/expr/suggest.h"

#include <ctype.h>
#include <string.h>

#include "common/expr/builtin.h"

/* Longer words are not compared: nobody misspells one of that length. */
enum { EXPR_SUGGEST_WORD = 40 };

/* The name closest so far to what was written. */
struct expr_suggest_best {
	struct slice word;
	const char *name;
	size_t distance;
};

static size_t
expr_suggest_least(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edit distance (Levenshtein); case costs nothing, and "-" is "_". */
static size_t
expr_suggest_distance(struct slice a, const char *b)
{
	size_t row[EXPR_SUGGEST_WORD + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		char c = a.data[i - 1] == '-' ? '_' : a.data[i - 1];
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			bool same = tolower((unsigned char)c) == tolower((unsigned char)b[j - 1]);
			size_t above = row[j];

			row[j] = expr_suggest_least(row[j] + 1, row[j - 1] + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[len];
}

static void
expr_suggest_try(struct expr_suggest_best *best, const char *name)
{
	size_t distance;

	if (strlen(name) > EXPR_SUGGEST_WORD)
		return;
	distance = expr_suggest_distance(best->word, name);
	if (distance < best->distance) {
		best->distance = distance;
		best->name = name;
	}
}

static const char *
expr_suggest_closest(const struct expr_scope *scope, struct slice word, bool called)
{
	/* One slip in three letters is still the same word. */
	struct expr_suggest_best best = {.word = word, .distance = word.len / 3 + 1};

	if (word.len > EXPR_SUGGEST_WORD)
		return NULL;
	for (size_t i = 0; expr_builtin_at(i) != NULL && called; i++)
		expr_suggest_try(&best, expr_builtin_at(i)->name);
	for (unsigned i = 0; i < EXPR_VARIABLE_COUNT && !called; i++) {
		if (scope->variables & EXPR_BIT(i))
			expr_suggest_try(&best, expr_scope_variable(i)->name);
	}
	for (size_t i = 0; i < scope->constant_count && !called; i++)
		expr_suggest_try(&best, scope->constants[i].name);
	if (!called) {
		expr_suggest_try(&best, "true");
		expr_suggest_try(&best, "false");
	}
	return best.name;
}

/* The word means something, but not in this setting. */
static bool
expr_suggest_elsewhere(struct str *message, const struct expr_scope *scope, struct slice word)
{
	const struct expr_scope *all = expr_scope_all();
	const char *key = scope->key != NULL ? scope->key : "this setting";
	enum expr_variable variable;

	if (expr_scope_find_variable(word, &variable)) {
		str_printf(message, ": the variable %.*s has no value in %s", SLICE_ARG(word), key);
		return true;
	}
	for (size_t i = 0; i < all->constant_count; i++) {
		if (!slice_is(word, all->constants[i].name))
			continue;
		str_printf(message, ": %.*s is a constant of other settings, not of %s",
			   SLICE_ARG(word), key);
		return true;
	}
	return false;
}

static bool
expr_suggest_is_duration(struct slice word)
{
	return word.len > 0 && isdigit((unsigned char)word.data[0]);
}

void
expr_suggest(struct str *message, const struct expr_scope *scope, struct slice word,
	     struct slice phrase, bool called)
{
	struct slice whole = !called && phrase.len > word.len ? phrase : word;
	const char *closest = expr_suggest_closest(scope, whole, called);

	str_printf(message, "Invalid variable or constant \"%.*s\"", SLICE_ARG(word));
	if (called && expr_builtin_refused(word) != NULL)
		str_printf(message, ": %s", expr_builtin_refused(word));
	else if (!called && expr_builtin_find(word) != NULL)
		str_printf(message, ": it is a function, write %.*s(...)", SLICE_ARG(word));
	else if (!called && expr_suggest_elsewhere(message, scope, word))
		return;
	else if (closest != NULL)
		str_printf(message, ": did you mean %s?", closest);
	else if (called)
		str_text(message, ": there is no such function");
	else if (memchr(whole.data, '.', whole.len) == NULL && expr_suggest_is_duration(whole))
		str_text(message, ": a duration is written 3m, 1d12h or 500ms");
	else
		str_printf(message, ": a text needs inner quotes: '%.*s'", SLICE_ARG(whole));
}
