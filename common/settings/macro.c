#include "common/settings/macro.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/settings/file.h"
#include "common/why.h"

enum { SETTINGS_MACRO_VALUE_MAX = 1024 * 1024, SETTINGS_MACRO_NAME_MAX = 4096 };

static const char *
settings_macro_search(struct slice text, const char *what)
{
	return text.len ? memmem(text.data, text.len, what, strlen(what)) : NULL;
}

bool
settings_macro_system(struct slice name, struct str *value, void *arg, struct why *why)
{
	char path[SETTINGS_MACRO_NAME_MAX];
	size_t skip = slice_starts_nocase(name, "env:") ? 4 : 5;
	const char *found;
	size_t before = value->len;

	if (name.len - skip >= sizeof(path) || memchr(name.data, '\0', name.len) != NULL) {
		why_set(why, "the name of the macro is too long, or contains a NUL");
		return false;
	}
	memcpy(path, name.data + skip, name.len - skip);
	path[name.len - skip] = '\0';
	if (skip == 4) {
		found = getenv(path);
		if (found == NULL) {
			why_set(why, "the environment has no variable %s", path);
			return false;
		}
		str_text(value, found);
		return true;
	}
	if (!settings_file_read(path, value, why))
		return false;
	if (value->len - before > SETTINGS_MACRO_VALUE_MAX) {
		why_set(why, "%s is larger than 1 MiB", path);
		return false;
	}
	if (value->len > before && value->data[value->len - 1] == '\n')
		value->len--;
	if (value->len > before && value->data[value->len - 1] == '\r')
		value->len--;
	if (value->data != NULL)
		value->data[value->len] = '\0';
	return true;
}

bool
settings_macro_present(struct slice text)
{
	return settings_macro_search(text, "%{") != NULL;
}

/* Replaces the macro at the start of *rest, which begins behind "%{". */
static bool
settings_macro_one(struct slice *rest, struct str *out, settings_macro_fn fn, void *arg,
		   struct why *why)
{
	const char *end = settings_macro_search(*rest, "}%");
	struct slice name;

	if (end == NULL) {
		why_set(why, "a macro is not closed: write %%{env:NAME}%% or %%{file:PATH}%%");
		return false;
	}
	name = (struct slice){rest->data, (size_t)(end - rest->data)};
	if ((!slice_starts_nocase(name, "env:") || name.len == 4) &&
	    (!slice_starts_nocase(name, "file:") || name.len == 5)) {
		why_set(
		    why,
		    "the macro %%{%.*s}%% is not known: write %%{env:NAME}%% or %%{file:PATH}%%",
		    SLICE_ARG(name));
		return false;
	}
	if (fn == NULL) {
		why_set(why, "macros cannot be used here");
		return false;
	}
	rest->len -= (size_t)(end + 2 - rest->data);
	rest->data = end + 2;
	return fn(name, out, arg, why);
}

bool
settings_macro_expand(struct arena *arena, struct slice text, settings_macro_fn fn, void *arg,
		      struct slice *expanded, struct why *why)
{
	struct str out = {0};
	struct slice rest = text;
	const char *start;
	bool ok = true;

	while (ok && (start = settings_macro_search(rest, "%{")) != NULL) {
		str_bytes(&out, rest.data, (size_t)(start - rest.data));
		rest.len -= (size_t)(start + 2 - rest.data);
		rest.data = start + 2;
		ok = settings_macro_one(&rest, &out, fn, arg, why);
	}
	if (ok) {
		str_bytes(&out, rest.data, rest.len);
		*expanded = (struct slice){arena_copy(arena, str_c(&out), out.len), out.len};
	}
	str_free(&out);
	return ok;
}
