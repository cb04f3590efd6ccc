/*
 * The decoder that toml-test drives: TOML on standard input, its tagged JSON on standard output;
 * status 1 and "line:column: what" on standard error for what is not TOML 1.0.0. With -l it is as
 * lenient as the daemon, warnings go to standard error.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/toml/parse.h"
#include "common/why.h"

static void decoder_node(struct str *out, const struct toml_node *node);

static void
decoder_real(struct str *out, double real)
{
	if (isnan(real))
		str_text(out, "nan");
	else if (isinf(real))
		str_text(out, real < 0 ? "-inf" : "inf");
	else
		str_printf(out, "%.17g", real);
}

static void
decoder_scalar(struct str *out, const struct toml_node *node)
{
	static const char *const tags[] = {
	    [TOML_STRING] = "string",
	    [TOML_INTEGER] = "integer",
	    [TOML_FLOAT] = "float",
	    [TOML_BOOL] = "bool",
	    [TOML_OFFSET_DATETIME] = "datetime",
	    [TOML_LOCAL_DATETIME] = "datetime-local",
	    [TOML_LOCAL_DATE] = "date-local",
	    [TOML_LOCAL_TIME] = "time-local",
	};
	struct str text = {0};

	if (node->type == TOML_INTEGER)
		str_printf(&text, "%lld", (long long)node->integer);
	else if (node->type == TOML_FLOAT)
		decoder_real(&text, node->real);
	else
		str_bytes(&text, node->text.data, node->text.len);
	str_printf(out, "{\"type\": \"%s\", \"value\": ", tags[node->type]);
	str_json(out, str_c(&text), text.len);
	str_char(out, '}');
	str_free(&text);
}

static void
decoder_table(struct str *out, const struct toml_node *table)
{
	str_char(out, '{');
	for (size_t i = 0; i < table->entry_count; i++) {
		if (i > 0)
			str_text(out, ", ");
		str_json(out, table->entries[i].key.data, table->entries[i].key.len);
		str_text(out, ": ");
		decoder_node(out, table->entries[i].value);
	}
	str_char(out, '}');
}

/* The recursion ends at TOML_TREE_DEPTH. */
static void
decoder_node(struct str *out, const struct toml_node *node)
{
	if (node->type == TOML_TABLE) {
		decoder_table(out, node);
	} else if (node->type == TOML_ARRAY) {
		str_char(out, '[');
		for (size_t i = 0; i < node->count; i++) {
			if (i > 0)
				str_text(out, ", ");
			decoder_node(out, node->items[i]);
		}
		str_char(out, ']');
	} else {
		decoder_scalar(out, node);
	}
}

static void
decoder_warn(struct toml_position at, const char *text, void *arg)
{
	fprintf(stderr, "%u:%u: warning: %s\n", at.line, at.column, text);
}

int
main(int argc, char **argv)
{
	unsigned flags = argc > 1 && strcmp(argv[1], "-l") == 0 ? TOML_LENIENT : 0;
	struct arena *arena = arena_new();
	struct str in = {0}, out = {0};
	struct why why = {0};
	const struct toml_node *root;
	size_t got;

	do {
		got = fread(str_reserve(&in, 65536), 1, 65536, stdin);
		in.len += got;
	} while (got > 0);
	root = toml_parse(arena, (struct slice){in.data, in.len}, flags, decoder_warn, NULL, &why);
	if (root != NULL) {
		decoder_node(&out, root);
		puts(str_c(&out));
	} else {
		fprintf(stderr, "%u:%u: %s\n", why.line, why.column, why.text);
	}
	str_free(&in);
	str_free(&out);
	arena_free(&arena);
	return root != NULL ? 0 : 1;
}
