#include "tests/unit/common/toml/complaint.h"
#include "tests/unit/unit.h"

/* What a postmaster gets wrong first, and what he must be told. */
static const struct complaint mistakes[] = {
    {"connect = 3m", 1, 11, "a value with letters needs quotes: write \"3m\""},
    {"connect = 3m # minutes", 1, 11, "write \"3m\""},
    {"[a]\nip-strategy = ipv4_only\n", 2, 15, "needs quotes: write \"ipv4_only\""},
    {"x = retry_num == 0", 1, 5, "write \"retry_num == 0\""},
    {"x = rcpt_domain == \"a\"", 1, 5, "write 'rcpt_domain == \"a\"'"},
    {"x = it's \"so\"", 1, 5, "needs quotes around all of it, and a quote"},
    {"v4 = 192.0.2.1", 1, 6, "neither a number nor a date needs quotes: write \"192.0.2.1\""},
    {"v4 = [\"192.0.2.1\", 192.0.2.2]", 1, 20, "write \"192.0.2.2\""},
    {"retry = [2m, 5m]", 1, 10, "write \"2m\""},
    {"t = { if = a, then = b }", 1, 12, "write \"a\""},
    {"x = \xe2\x80\x9c"
     "3m\xe2\x80\x9d",
     1, 5, "typographic quotes"},
    {"x =\xc2\xa0"
     "3m",
     1, 4, "invisible character, U+00A0"},
    {"x = yes", 1, 5, "write \"yes\""},
    {"x = True", 1, 5, "True is no value: write true or false in lower case"},
    {"x = null", 1, 5, "leave the key out"},
    {"x = ", 1, 5, "a value is missing"},
    {"x = # none", 1, 5, "a value is missing"},
    {"x = = 1", 1, 5, "one = too many"},
    {"x = 5 m", 1, 7, "text needs quotes around all of it"},
    {"x = 1, 2", 1, 6, "a list is written in brackets"},
    {"x = \"a\" b", 1, 9, "behind the closing quote"},
    {"x = \"a", 1, 5, "opened with \" in line 1 is not closed on that line: the closing \""},
    {"\nx = 'a\ny = 1", 2, 5, "opened with ' in line 2 is not closed"},
    {"a = 1\nx = \"\"\"\na\n\"\"\n", 2, 5, "opened with \"\"\" in line 2 is never closed"},
    {"x = '''a''", 1, 5, "''' is missing"},
    {"x = \"a\\\n\"", 1, 5, "is not closed on that line"},
    {"x = [1, 2\ny = 3", 2, 1, "before y there must be a comma, or a ] that closes the array"},
    {"x = [1,\n 2", 1, 5, "the array opened with [ in line 1 is never closed"},
    {"x = [1 2]", 1, 8, "before 2 there must be a comma"},
    {"x = [,]", 1, 6, "a value is missing before the comma"},
    {"x = [1,,2]", 1, 8, "a value is missing before the comma"},
    {"x = { a = 1", 1, 5, "the inline table opened with { in line 1 is never closed"},
    {"x = { a = 1 b = 2 }", 1, 13, "before b there must be a comma, or a }"},
    {"x = {,}", 1, 6, "a key is missing"},
    {"x = \"\\.\"", 1, 6, "unknown escape \\.: write \\\\."},
    {"x = \"\xc3\xa9\\\xc3\xa9\"", 1, 7, "unknown escape \\\xc3\xa9"},
    {"x = \"\\u12g4\"", 1, 6, "\\u needs 4 hexadecimal digits"},
    {"x = \"\\U0001F60\"", 1, 6, "\\U needs 8 hexadecimal digits"},
    {"x = \"\\uD800\"", 1, 6, "U+D800 is no character"},
    {"x = \"\\U00110000\"", 1, 6, "U+110000 is no character"},
    {"x = \"\"\"a \\ \"\"\"", 1, 10, "unknown escape"},
    {"x = \"a\tb\"\ny = \"\"\"\"\"\"\"\"\nz = ''''''''\n", 0, 0, NULL},
    {"x = [ # c\n 1, # d\n # e\n ] # f", 0, 0, NULL},
    {"x = {}\ny = []\nz = { a.b = [\n1\n], c = {} }", 0, 0, NULL},
};

START_TEST(test_mistakes)
{
	complaint_check(&mistakes[_i]);
}
END_TEST

/* What stands in a value and what it means. */
static const struct {
	const char *written;
	const char *meaning;
} strings[] = {
    {"\"\"", ""},
    {"\"\\b\\t\\n\\f\\r\\\"\\\\\"", "\b\t\n\f\r\"\\"},
    {"\"\\u00e9\\U0001F600\\u20AC\"", "\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac"},
    {"'\\n'", "\\n"},
    {"\"\"\"\na\r\nb\n\"\"\"", "a\nb\n"},
    {"\"\"\"a \\\n\n \t b\"\"\"", "a b"},
    {"\"\"\"a \\ \t\r\n  b\"\"\"", "a b"},
    {"\"\"\"\"a\"\"\"\"\"", "\"a\"\""},
    {"\"\"\"\\\"\"\"\"", "\""},
    {"\"\"\"a\\\\\"\"\"", "a\\"},
    {"'''\n'a'''''", "'a''"},
    {"'''\n\na\\\n'''", "\na\\\n"},
};

START_TEST(test_strings)
{
	struct arena *arena = arena_new();
	struct why why = {0};
	const char *text = arena_printf(arena, "key = %s", strings[_i].written);
	const struct toml_node *root = toml_parse(arena, slice_of(text), 0, NULL, NULL, &why);
	const struct toml_node *node = toml_tree_find(root, "key");

	ck_assert_msg(node != NULL, "%s: %s", text, why.text);
	ck_assert_int_eq(node->type, TOML_STRING);
	ck_assert_msg(slice_is(node->text, strings[_i].meaning), "%s: %.*s", text,
		      SLICE_ARG(node->text));
	ck_assert(slice_is(node->source, strings[_i].written));
	arena_free(&arena);
}
END_TEST

START_TEST(test_nul_in_text)
{
	struct arena *arena = arena_new();
	const struct toml_node *root =
	    toml_parse(arena, slice_of("\"k\\u0000\" = \"a\\u0000b\""), 0, NULL, NULL, NULL);
	const struct toml_entry *entry = toml_tree_entry(root, (struct slice){"k", 2});

	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->value->text.len, 3);
	ck_assert_mem_eq(entry->value->text.data, "a\0b", 4);
	ck_assert_ptr_null(toml_tree_find(root, "k"));
	arena_free(&arena);
}
END_TEST

static Suite *
value_suite(void)
{
	Suite *suite = suite_create("toml/value");
	TCase *tcase = tcase_create("value");

	tcase_add_loop_test(tcase, test_mistakes, 0, sizeof(mistakes) / sizeof(mistakes[0]));
	tcase_add_loop_test(tcase, test_strings, 0, sizeof(strings) / sizeof(strings[0]));
	tcase_add_test(tcase, test_nul_in_text);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(value_suite)
