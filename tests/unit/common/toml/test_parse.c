#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/toml/parse.h"
#include "common/why.h"
#include "tests/unit/unit.h"

/* Something of everything: truncated and mutated below. */
static const char rich[] = "\xef\xbb\xbf# \xc3\xa9t\xc3\xa9\r\n"
			   "title = \"a \\\"b\\\" \\u00e9\" # text\n"
			   "\"quoted\".'key' . bare-1_ = 'literal'\n"
			   "[queue.outbound]\n"
			   "limits.mx = 7\n"
			   "timeouts = { connect = \"3m\", data = [1, 2.5e3, 0xf_f] }\n"
			   "when = [1979-05-27 07:32:00.5-07:00, 1979-05-27, 07:32:00]\n"
			   "flags = [\n  true, # yes\n  false,\n]\n"
			   "[[limiter]]\n"
			   "key = \"\"\"\none \\\n   \"two\" \xf0\x9f\x98\x80\"\"\"\"\n"
			   "[limiter.sub]\nn = -nan\n"
			   "[[limiter]]\n"
			   "key = '''\n'x'''''\n";

/* The warnings of one reading. */
struct heard {
	size_t count;
	struct toml_position at[8];
	char text[8][200];
};

static void
hear(struct toml_position at, const char *text, void *arg)
{
	struct heard *heard = arg;

	ck_assert_uint_lt(heard->count, 8);
	heard->at[heard->count] = at;
	snprintf(heard->text[heard->count], sizeof(heard->text[0]), "%s", text);
	heard->count++;
}

/* Reads or fails with a place within the text and words; true when read. */
static bool
read_or_complain(const char *text, size_t len, unsigned flags)
{
	struct arena *arena = arena_new();
	struct why why = {0};
	unsigned lines = 1;
	bool ok = toml_parse(arena, (struct slice){text, len}, flags, NULL, NULL, &why) != NULL;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (!ok) {
		ck_assert_uint_ge(why.line, 1);
		ck_assert_uint_le(why.line, lines);
		ck_assert_uint_ge(why.column, 1);
		ck_assert_uint_le(why.column, len + 1);
		ck_assert_uint_gt(strlen(why.text), 10);
	}
	arena_free(&arena);
	return ok;
}

static void
check_at(const struct toml_node *node, unsigned line, unsigned column)
{
	ck_assert_ptr_nonnull(node);
	ck_assert_uint_eq(node->at.line, line);
	ck_assert_uint_eq(node->at.column, column);
}

START_TEST(test_positions)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a = 1\r\n"
				   "\t\"\xc3\xa9\" = [ 'x',\r\n"
				   "  2 ]\n"
				   "[h.i]\n"
				   " j . k = { l = true }\n"
				   "[[m]]\n"
				   " [[m]]\n";
	struct arena *arena = arena_new();
	const struct toml_node *root = toml_parse(arena, slice_of(text), 0, NULL, NULL, NULL);
	const struct toml_node *node;

	check_at(root, 1, 1);
	check_at(toml_tree_find(root, "a"), 1, 5);
	node = toml_tree_find(root, "\xc3\xa9");
	check_at(node, 2, 8);
	check_at(node->items[0], 2, 10);
	check_at(node->items[1], 3, 3);
	ck_assert(slice_is(node->source, "[ 'x',\r\n  2 ]"));
	ck_assert_uint_eq(root->entries[1].at.line, 2);
	ck_assert_uint_eq(root->entries[1].at.column, 2);
	check_at(toml_tree_find(root, "h"), 4, 2);
	node = toml_tree_find(toml_tree_find(root, "h"), "i");
	check_at(node, 4, 1);
	ck_assert_uint_eq(node->source.len, 0);
	node = toml_tree_find(node, "j");
	check_at(node, 5, 2);
	ck_assert_uint_eq(node->entries[0].at.column, 6);
	node = toml_tree_find(node, "k");
	check_at(node, 5, 10);
	check_at(toml_tree_find(node, "l"), 5, 16);
	ck_assert(slice_is(toml_tree_find(node, "l")->text, "true"));
	node = toml_tree_find(root, "m");
	check_at(node, 6, 1);
	check_at(node->items[0], 6, 1);
	check_at(node->items[1], 7, 2);
	arena_free(&arena);
}
END_TEST

START_TEST(test_text_is_copied)
{
	struct arena *arena = arena_new();
	char text[] = "key = 'text'";
	const struct toml_node *root = toml_parse(arena, slice_of(text), 0, NULL, NULL, NULL);

	memset(text, '#', sizeof(text) - 1);
	ck_assert(slice_is(toml_tree_find(root, "key")->text, "text"));
	ck_assert(slice_is(toml_tree_find(root, "key")->source, "'text'"));
	arena_free(&arena);
}
END_TEST

START_TEST(test_empty)
{
	static const char *const texts[] = {"", "\n", " \t", "# c", "\xef\xbb\xbf", "\r\n\r\n"};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct toml_node *root =
		    toml_parse(arena, slice_of(texts[i]), 0, NULL, NULL, NULL);

		ck_assert(root != NULL && root->type == TOML_TABLE && root->entry_count == 0);
	}
	ck_assert_ptr_nonnull(toml_parse(arena, (struct slice){NULL, 0}, 0, NULL, NULL, NULL));
	arena_free(&arena);
}
END_TEST

/* What is tolerated, how often it is said and where; what the strict reader says of it. */
static const struct {
	const char *text;
	unsigned warnings;
	struct toml_position first;
	const char *words;
	struct toml_position strict;
} lenient[] = {
    {"a = \"x\\.y\\/\"", 2, {1, 7}, "unknown escape \\. is read as .", {1, 7}},
    {"a = \"\"\"\n \\S \"\"\"", 1, {2, 2}, "unknown escape \\S", {2, 2}},
    {"\"a\\-b\" = 1", 1, {1, 3}, "unknown escape \\-", {1, 3}},
    {"a = {\n b = 1,\n c = 2\n}", 1, {1, 6}, "over several lines", {1, 6}},
    {"a = { b = 1, # c\n c = 2 }", 1, {1, 14}, "over several lines", {1, 14}},
    {"a = { b = 1, }", 1, {1, 12}, "a comma before the closing }", {1, 12}},
    {"a = { b = 1\n, # x\n\n}", 2, {1, 12}, "over several lines", {1, 12}},
    {"a = { b = { c = 1, }, }", 2, {1, 18}, "a comma before the closing }", {1, 18}},
    {"[a]\nb = 1\n[c]\n[a]\nd = 2", 1, {4, 1}, "[a] was opened in line 1", {4, 1}},
    {"[a.b]\n[a]\n[a.b]\n[ a ]", 2, {3, 1}, "[a.b] was opened in line 1", {3, 1}},
};

START_TEST(test_lenient)
{
	struct arena *arena = arena_new();
	struct slice text = slice_of(lenient[_i].text);
	struct heard heard = {0};
	struct why why = {0};

	ck_assert_ptr_nonnull(toml_parse(arena, text, TOML_LENIENT, hear, &heard, &why));
	ck_assert_uint_eq(heard.count, lenient[_i].warnings);
	ck_assert_uint_eq(heard.at[0].line, lenient[_i].first.line);
	ck_assert_uint_eq(heard.at[0].column, lenient[_i].first.column);
	ck_assert_msg(strstr(heard.text[0], lenient[_i].words) != NULL, "%s", heard.text[0]);
	ck_assert_ptr_nonnull(toml_parse(arena, text, TOML_LENIENT, NULL, NULL, NULL));
	heard.count = 0;
	ck_assert_ptr_null(toml_parse(arena, text, 0, hear, &heard, &why));
	ck_assert_uint_eq(heard.count, 0);
	ck_assert_uint_eq(why.line, lenient[_i].strict.line);
	ck_assert_uint_eq(why.column, lenient[_i].strict.column);
	arena_free(&arena);
}
END_TEST

START_TEST(test_lenient_meaning)
{
	static const char text[] = "re = \"a\\.b\\\xc3\xa9\"\n"
				   "t = { # one\n x = 1, y = { z = 2, },\n}\n"
				   "[s]\na = 1\n[s.u]\n[s]\nb = 2\n";
	struct arena *arena = arena_new();
	struct heard heard = {0};
	const struct toml_node *root =
	    toml_parse(arena, slice_of(text), TOML_LENIENT, hear, &heard, NULL);
	const struct toml_node *node;

	ck_assert_ptr_nonnull(root);
	ck_assert(slice_is(toml_tree_find(root, "re")->text, "a.b\xc3\xa9"));
	node = toml_tree_find(root, "t");
	ck_assert_int_eq(toml_tree_find(node, "x")->integer, 1);
	ck_assert_int_eq(toml_tree_find(toml_tree_find(node, "y"), "z")->integer, 2);
	node = toml_tree_find(root, "s");
	ck_assert_int_eq(toml_tree_find(node, "a")->integer, 1);
	ck_assert_int_eq(toml_tree_find(node, "b")->integer, 2);
	ck_assert_uint_eq(node->entry_count, 3);
	ck_assert_uint_eq(heard.count, 6);
	arena_free(&arena);
}
END_TEST

/* Leniency has three rooms and no more. */
START_TEST(test_lenient_is_strict)
{
	static const char *const texts[] = {
	    "a = 1\na = 2",
	    "a = \"\\u12\"",
	    "a = \"\\uD800\"",
	    "a = {,}",
	    "a = { b = 1,, }",
	    "a = { b = 1 c = 2 }",
	    "a = {}\n[a]",
	    "[[a]]\n[a]",
	    "a.b = 1\n[a]",
	    "[a]\n[[a]]",
	    "[a]\nb=1\n[a]\nb=2",
	    "a = \"x\ny\"",
	    "a = 01",
	    "a = 3m",
	    "a = { b =\n1 }",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(!read_or_complain(texts[i], strlen(texts[i]), TOML_LENIENT), "%s",
			      texts[i]);
}
END_TEST

/* count times "open", then "middle", then count times "close". */
static struct str
nested(const char *begin, const char *open, const char *middle, const char *close, size_t count)
{
	struct str text = {0};

	str_text(&text, begin);
	for (size_t i = 0; i < count; i++)
		str_text(&text, open);
	str_text(&text, middle);
	for (size_t i = 0; i < count; i++)
		str_text(&text, close);
	return text;
}

START_TEST(test_depth)
{
	static const struct {
		const char *begin, *open, *middle, *close;
		size_t fits; /* how many opens */
	} rows[] = {
	    {"a = ", "[", "", "]", TOML_TREE_DEPTH},
	    {"a = ", "{a=", "1", "}", TOML_TREE_DEPTH - 1},
	    {"a = ", "[{a=", "1", "}]", TOML_TREE_DEPTH / 2 - 1},
	    {"", "a.", "a = 1", "", TOML_TREE_DEPTH - 1},
	    {"[", "a.", "a]", "", TOML_TREE_DEPTH - 1},
	    {"[[", "a.", "a]]", "", TOML_TREE_DEPTH - 2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t more = 0; more < 3; more++) {
			size_t count = more < 2 ? rows[i].fits + more : 200000;
			struct str text = nested(rows[i].begin, rows[i].open, rows[i].middle,
						 rows[i].close, count);

			ck_assert_int_eq(read_or_complain(text.data, text.len, 0), more == 0);
			str_free(&text);
		}
	}
}
END_TEST

/* Elements of arrays of tables take two steps each. */
START_TEST(test_depth_of_elements)
{
	struct str text = {0};
	struct str path = {0};

	for (int i = 0; i < TOML_TREE_DEPTH / 2; i++) {
		str_text(&path, i > 0 ? ".a" : "a");
		str_printf(&text, "[[%s]]\n", str_c(&path));
	}
	ck_assert(read_or_complain(text.data, text.len, 0));
	str_printf(&text, "[[%s.a]]\n", str_c(&path));
	ck_assert(!read_or_complain(text.data, text.len, 0));
	str_free(&text);
	str_free(&path);
}
END_TEST

/* Quadratic work would not end within the time a test has. */
START_TEST(test_huge)
{
	struct arena *arena = arena_new();
	struct str text = {0};
	const struct toml_node *root;

	for (int i = 0; i < 100000; i++)
		str_printf(&text, "key%d = %d\n", i, i);
	str_text(&text, "list = [");
	for (int i = 0; i < 200000; i++)
		str_text(&text, "1,");
	str_text(&text, "]\nlong = \"");
	for (int i = 0; i < 200000; i++)
		str_text(&text, "\\u00e9x");
	str_text(&text, "\"\n");
	for (int i = 0; i < 20000; i++)
		str_printf(&text, "[[element]]\n[t.t%d]\n", i);
	root = toml_parse(arena, (struct slice){text.data, text.len}, 0, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(root);
	ck_assert_uint_eq(root->entry_count, 100004);
	ck_assert_int_eq(toml_tree_find(root, "key99999")->integer, 99999);
	ck_assert_uint_eq(toml_tree_find(root, "list")->count, 200000);
	ck_assert_uint_eq(toml_tree_find(root, "list")->items[199999]->at.column, 9 + 2 * 199999);
	ck_assert_uint_eq(toml_tree_find(root, "long")->text.len, 600000);
	ck_assert_uint_eq(toml_tree_find(root, "element")->count, 20000);
	ck_assert_uint_eq(toml_tree_find(root, "t")->entry_count, 20000);
	str_free(&text);
	arena_free(&arena);
}
END_TEST

START_TEST(test_truncations)
{
	size_t right = 0;

	ck_assert(read_or_complain(rich, sizeof(rich) - 1, 0));
	for (size_t len = 0; len < sizeof(rich) - 1; len++) {
		/* Memory of exactly this size, for the sanitizer. */
		char *text = malloc(len + 1);

		ck_assert_ptr_nonnull(text);
		memcpy(text + 1, rich, len);
		right += read_or_complain(text + 1, len, 0);
		read_or_complain(text + 1, len, TOML_LENIENT);
		free(text);
	}
	ck_assert_uint_gt(right, 10);
}
END_TEST

START_TEST(test_mutations)
{
	static const char bytes[] = "\"'\\[]{}=,.#\n\r \t0_-+eazZT:u\0\xc3\xa9";
	unsigned state = 20260101;
	char *text = malloc(sizeof(rich));

	ck_assert_ptr_nonnull(text);
	for (int round = 0; round < 20000; round++) {
		size_t changes, len = sizeof(rich) - 1;

		memcpy(text, rich, sizeof(rich));
		state = state * 1664525 + 1013904223;
		changes = 1 + (state >> 24) % 4;
		for (size_t i = 0; i < changes; i++) {
			size_t place;

			state = state * 1664525 + 1013904223;
			place = (state >> 8) % len;
			state = state * 1664525 + 1013904223;
			text[place] = bytes[(state >> 8) % (sizeof(bytes) - 1)];
			if ((state >> 28) == 0)
				memmove(text + place, text + place + 1, --len - place);
		}
		read_or_complain(text, len, round % 2 == 0 ? 0 : TOML_LENIENT);
	}
	free(text);
}
END_TEST

static Suite *
parse_suite(void)
{
	Suite *suite = suite_create("toml/parse");
	TCase *tcase = tcase_create("parse");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_positions);
	tcase_add_test(tcase, test_text_is_copied);
	tcase_add_test(tcase, test_empty);
	tcase_add_loop_test(tcase, test_lenient, 0, sizeof(lenient) / sizeof(lenient[0]));
	tcase_add_test(tcase, test_lenient_meaning);
	tcase_add_test(tcase, test_lenient_is_strict);
	tcase_add_test(tcase, test_depth);
	tcase_add_test(tcase, test_depth_of_elements);
	tcase_add_test(tcase, test_huge);
	tcase_add_test(tcase, test_truncations);
	tcase_add_test(tcase, test_mutations);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(parse_suite)
