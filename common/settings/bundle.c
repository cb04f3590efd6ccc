#include "common/settings/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/settings/file.h"
#include "common/settings/place.h"
#include "common/toml/parse.h"
#include "common/toml/tree.h"
#include "common/why.h"
#include "common/wire.h"

enum {
	SETTINGS_BUNDLE_MAGIC = 0x62727072, /* "rprb" */
	SETTINGS_BUNDLE_MACROS = 256,
	SETTINGS_BUNDLE_NAME = 4096,
	SETTINGS_BUNDLE_TEXT = SETTINGS_FILE_MAX
};

/* Macros of one text and their values, in the order in which they are met. */
struct settings_bundle_macros {
	struct arena *arena;
	settings_macro_fn fn; /* who knows; NULL once the list is complete */
	void *arg;
	struct slice names[SETTINGS_BUNDLE_MACROS];
	struct slice values[SETTINGS_BUNDLE_MACROS];
	size_t count;
};

/* A configuration text whose strings are being blanked. */
struct settings_bundle_blanker {
	struct slice text;
	bool *hidden; /* for each byte of the text */
};

/* What the role must not see, by the names on the way from the root; a star is any name. */
static const char *const settings_bundle_secrets_submit[][4] = {
    {"remote", "*", "auth", NULL},
};
static const char *const settings_bundle_secrets_deliver[][4] = {
    {"submit", "users", NULL, NULL},
    {"submit", "tls", "private-key", NULL},
    {"dkim", NULL, NULL, NULL},
    {"signature", NULL, NULL, NULL},
};
/* Read by nobody, and full of secrets. */
static const char *const settings_bundle_secrets_both[][4] = {
    {"certificate", NULL, NULL, NULL}, {"store", NULL, NULL, NULL},
    {"directory", NULL, NULL, NULL},   {"authentication", NULL, NULL, NULL},
    {"oauth", NULL, NULL, NULL},       {"acme", NULL, NULL, NULL},
    {"webhook", NULL, NULL, NULL},
};

static void
settings_bundle_hide_string(struct settings_bundle_blanker *blanker, const struct toml_node *node)
{
	size_t start = settings_place_offset(blanker->text, settings_place_of(node));
	char quote = node->source.len ? node->source.data[0] : '"';
	size_t quotes =
	    node->source.len >= 6 && node->source.data[1] == quote && node->source.data[2] == quote
		? 3
		: 1;

	for (size_t i = quotes; i + quotes < node->source.len; i++)
		blanker->hidden[start + i] = true;
}

static void
settings_bundle_hide(struct settings_bundle_blanker *blanker, const struct toml_node *node)
{
	if (node->type == TOML_STRING)
		settings_bundle_hide_string(blanker, node);
	for (size_t i = 0; node->type == TOML_ARRAY && i < node->count; i++)
		settings_bundle_hide(blanker, node->items[i]);
	for (size_t i = 0; node->type == TOML_TABLE && i < node->entry_count; i++)
		settings_bundle_hide(blanker, node->entries[i].value);
}

static void
settings_bundle_hide_path(struct settings_bundle_blanker *blanker, const struct toml_node *node,
			  const char *const *path)
{
	if (*path == NULL) {
		settings_bundle_hide(blanker, node);
		return;
	}
	for (size_t i = 0; node->type == TOML_TABLE && i < node->entry_count; i++) {
		if (strcmp(*path, "*") == 0 || slice_is(node->entries[i].key, *path))
			settings_bundle_hide_path(blanker, node->entries[i].value, path + 1);
	}
	for (size_t i = 0; node->type == TOML_ARRAY && i < node->count; i++)
		settings_bundle_hide_path(blanker, node->items[i], path);
}

#define SETTINGS_BUNDLE_HIDE(blanker, root, paths)                                \
	do {                                                                      \
		for (size_t n = 0; n < sizeof(paths) / sizeof((paths)[0]); n++)   \
			settings_bundle_hide_path((blanker), (root), (paths)[n]); \
	} while (0)

static void
settings_bundle_stars(const struct settings_bundle_blanker *blanker, struct str *out)
{
	for (size_t i = 0; i < blanker->text.len; i++) {
		char c = blanker->text.data[i];

		if (!blanker->hidden[i] || c == '\n' || c == '\r')
			str_char(out, c);
		else if (((unsigned char)c & 0xc0) != 0x80)
			/* One star for each character keeps the columns. */
			str_char(out, '*');
	}
}

bool
settings_bundle_blank(struct slice text, enum settings_role role, struct str *out, struct why *why)
{
	struct arena *arena = arena_new();
	struct settings_bundle_blanker blanker = {text, arena_array(arena, text.len + 1, 1)};
	struct toml_node *root = toml_parse(arena, text, TOML_LENIENT, NULL, NULL, why);
	bool ok = root != NULL;

	if (ok) {
		SETTINGS_BUNDLE_HIDE(&blanker, root, settings_bundle_secrets_both);
		if (role == SETTINGS_ROLE_SUBMIT)
			SETTINGS_BUNDLE_HIDE(&blanker, root, settings_bundle_secrets_submit);
		else
			SETTINGS_BUNDLE_HIDE(&blanker, root, settings_bundle_secrets_deliver);
		settings_bundle_stars(&blanker, out);
	}
	arena_free(&arena);
	return ok;
}

static bool
settings_bundle_macro(struct slice name, struct str *value, void *arg, struct why *why)
{
	struct settings_bundle_macros *macros = arg;
	size_t before = value->len;
	size_t i = 0;

	while (i < macros->count && !slice_equal(macros->names[i], name))
		i++;
	if (i < macros->count) {
		str_bytes(value, macros->values[i].data, macros->values[i].len);
		return true;
	}
	if (macros->fn == NULL || macros->count == SETTINGS_BUNDLE_MACROS) {
		why_set(why, macros->fn == NULL ? "the bundle has no value of this macro"
						: "there are too many macros");
		return false;
	}
	if (!macros->fn(name, value, macros->arg, why))
		return false;
	macros->names[i] = (struct slice){arena_copy(macros->arena, name.data, name.len), name.len};
	macros->values[i].len = value->len - before;
	macros->values[i].data =
	    arena_copy(macros->arena, str_c(value) + before, macros->values[i].len);
	macros->count++;
	return true;
}

static void
settings_bundle_put_u32(struct str *out, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		str_char(out, (char)(number >> (8 * i) & 0xff));
}

static void
settings_bundle_put(struct str *out, struct slice slice)
{
	settings_bundle_put_u32(out, (uint32_t)slice.len);
	str_bytes(out, slice.data, slice.len);
}

static void
settings_bundle_put_all(struct str *out, const struct settings_source *source,
			enum settings_role role, const struct settings_bundle_facts *facts,
			const struct settings_bundle_macros *macros)
{
	char text[NETADDR_TEXT];
	size_t servers = facts->server_count;

	if (servers > SETTINGS_BUNDLE_SERVERS)
		servers = SETTINGS_BUNDLE_SERVERS;
	settings_bundle_put_u32(out, SETTINGS_BUNDLE_MAGIC);
	settings_bundle_put_u32(out, SETTINGS_BUNDLE_VERSION);
	settings_bundle_put_u32(out, role);
	settings_bundle_put_u32(out, (uint32_t)facts->generation);
	settings_bundle_put_u32(out, (uint32_t)(facts->generation >> 32));
	settings_bundle_put(out, slice_of(source->file));
	settings_bundle_put(out, slice_of(facts->hostname));
	settings_bundle_put(out, source->text);
	settings_bundle_put_u32(out, (uint32_t)macros->count);
	for (size_t i = 0; i < macros->count; i++) {
		settings_bundle_put(out, macros->names[i]);
		settings_bundle_put(out, macros->values[i]);
	}
	settings_bundle_put_u32(out, (uint32_t)servers);
	for (size_t i = 0; i < servers; i++)
		settings_bundle_put(out, slice_of(netaddr_text_port(text, &facts->servers[i])));
	settings_bundle_put(out, facts->ca);
	settings_bundle_put_u32(out, SETTINGS_BUNDLE_MAGIC);
}

static void
settings_bundle_first_error(struct settings_complaints *complaints, struct why *why)
{
	size_t i = 0;

	while (settings_complaint_at(complaints, i)->warning)
		i++;
	why_at(why, settings_complaint_at(complaints, i)->line,
	       settings_complaint_at(complaints, i)->column, "%s: %s",
	       settings_complaint_at(complaints, i)->key,
	       settings_complaint_at(complaints, i)->text);
}

bool
settings_bundle_write(const struct settings_source *source, enum settings_role role,
		      const struct settings_bundle_facts *facts, struct str *out, struct why *why)
{
	struct settings_bundle_macros *macros = alloc_new(struct settings_bundle_macros);
	struct settings_complaints *complaints = settings_complaint_new(source->file);
	struct settings_source blanked = *source;
	struct settings *settings = NULL;
	struct str text = {0};
	bool ok;

	macros->arena = arena_new();
	macros->fn = source->macro;
	macros->arg = source->macro_arg;
	ok = settings_bundle_blank(source->text, role, &text, why);
	blanked.text = (struct slice){str_c(&text), text.len};
	blanked.hostname = facts->hostname;
	blanked.macro = settings_bundle_macro;
	blanked.macro_arg = macros;
	blanked.blanked = true;
	/* Loading it finds the macros in use, and proves that the worker will be able to. */
	if (ok)
		settings = settings_load(&blanked, complaints);
	if (settings != NULL) {
		settings_bundle_put_all(out, &blanked, role, facts, macros);
	} else if (ok) {
		settings_bundle_first_error(complaints, why);
	}
	ok = settings != NULL;
	settings_free(&settings);
	settings_complaint_free(&complaints);
	arena_free(&macros->arena);
	free(macros);
	str_free(&text);
	return ok;
}

/* A length that a short bundle cannot have is refused by the reader of slices. */
static bool
settings_bundle_get_macros(struct wire_reader *reader, struct settings_bundle_macros *macros)
{
	size_t count = wire_get_u32(reader);

	if (count > SETTINGS_BUNDLE_MACROS)
		return false;
	for (size_t i = 0; i < count; i++) {
		macros->names[i] = wire_get_slice(reader, SETTINGS_BUNDLE_NAME);
		macros->values[i] = wire_get_slice(reader, SETTINGS_BUNDLE_TEXT);
	}
	macros->count = count;
	return !reader->failed;
}

static bool
settings_bundle_get_servers(struct wire_reader *reader, struct settings_bundle *bundle)
{
	size_t count = wire_get_u32(reader);

	if (count > SETTINGS_BUNDLE_SERVERS)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct slice text = wire_get_text(reader, NETADDR_TEXT);

		if (reader->failed || !netaddr_parse_port(text, 0, &bundle->servers[i], NULL))
			return false;
	}
	bundle->server_count = count;
	return true;
}

static char *
settings_bundle_get_text(struct wire_reader *reader, struct arena *arena)
{
	struct slice text = wire_get_text(reader, SETTINGS_BUNDLE_NAME);

	return arena_copy(arena, text.len ? text.data : "", text.len);
}

static bool
settings_bundle_get_all(struct wire_reader *reader, struct settings_bundle *bundle,
			struct settings_source *source, struct settings_bundle_macros *macros)
{
	uint64_t low;
	uint32_t role;

	if (wire_get_u32(reader) != SETTINGS_BUNDLE_MAGIC ||
	    wire_get_u32(reader) != SETTINGS_BUNDLE_VERSION)
		return false;
	role = wire_get_u32(reader);
	if (role != SETTINGS_ROLE_DELIVER && role != SETTINGS_ROLE_SUBMIT)
		return false;
	bundle->role = (enum settings_role)role;
	low = wire_get_u32(reader);
	bundle->generation = low | (uint64_t)wire_get_u32(reader) << 32;
	source->file = settings_bundle_get_text(reader, bundle->arena);
	bundle->hostname = settings_bundle_get_text(reader, bundle->arena);
	source->text = wire_get_slice(reader, SETTINGS_BUNDLE_TEXT);
	if (!settings_bundle_get_macros(reader, macros) ||
	    !settings_bundle_get_servers(reader, bundle))
		return false;
	bundle->ca = wire_get_slice(reader, SETTINGS_BUNDLE_TEXT);
	bundle->ca.data =
	    arena_copy(bundle->arena, bundle->ca.len ? bundle->ca.data : "", bundle->ca.len);
	return wire_get_u32(reader) == SETTINGS_BUNDLE_MAGIC && wire_get_end(reader);
}

static struct settings *
settings_bundle_load(const struct settings_source *source, struct why *why)
{
	struct settings_complaints *complaints = settings_complaint_new(source->file);
	struct settings *settings = settings_load(source, complaints);

	if (settings == NULL)
		settings_bundle_first_error(complaints, why);
	settings_complaint_free(&complaints);
	return settings;
}

struct settings_bundle *
settings_bundle_read(struct slice data, struct why *why)
{
	struct settings_bundle_macros *macros = alloc_new(struct settings_bundle_macros);
	struct settings_bundle *bundle = alloc_new(struct settings_bundle);
	struct settings_source source = {.blanked = true};
	struct wire_reader reader;

	bundle->arena = arena_new();
	wire_reader_init(&reader, data.data, data.len);
	if (settings_bundle_get_all(&reader, bundle, &source, macros)) {
		source.hostname = bundle->hostname;
		source.macro = settings_bundle_macro;
		source.macro_arg = macros;
		bundle->settings = settings_bundle_load(&source, why);
	} else {
		why_set(why, "this is no configuration bundle of this version");
	}
	free(macros);
	if (bundle->settings == NULL)
		settings_bundle_free(&bundle);
	return bundle;
}

void
settings_bundle_free(struct settings_bundle **bundle)
{
	if (*bundle == NULL)
		return;
	settings_free(&(*bundle)->settings);
	arena_free(&(*bundle)->arena);
	free(*bundle);
	*bundle = NULL;
}
