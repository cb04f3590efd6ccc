#include "tests/unit/common/toml/complaint.h"
#include "tests/unit/unit.h"

static const struct complaint rules[] = {
    /* One key, one value. */
    {"a = 1\nb = 2\na = 3", 3, 1, "a has a value since line 1 already"},
    {"[t]\na.b = 1\n\"a\".b = 2", 3, 5, "has a value since line 2 already"},
    {"a = { b = 1,  b = 2 }", 1, 15, "b has a value since line 1 already"},
    {"a = 1\na.b = 2", 2, 1, "a is an integer since line 1 and cannot have keys"},
    {"a = [1]\n[a.b]", 2, 2, "a is an array since line 1 and cannot have keys"},
    {"a = 1\n[a]", 2, 2, "a has a value since line 1: it cannot be a table too"},
    {"a.b = 1\na = 2", 2, 1, "a is a table since line 1: it cannot be a value too"},
    /* Headers. */
    {"[a]\n\n[b]\n[a]", 4, 1, "table [a] was opened in line 1 already"},
    {"[a.b.c]\n[a.b]\n[a]\n[a.b.d]", 0, 0, NULL},
    {"[a.b]\n[a]\nc = 1\n[a.b]", 4, 1, "table [a.b] was opened in line 1"},
    {"[a]\nb.c = 1\n[a.b]", 3, 4, "a.b was made by a dotted key in line 2"},
    {"[a]\nb.c = 1\n[a.b.d]\n[a.e]", 0, 0, NULL},
    {"[a.b]\nx = 1\n[a]\nb.c = 1", 4, 1, "b has a header of its own in line 1"},
    {"[a.b.c]\n[a]\nb.d = 1", 0, 0, NULL},
    {"[a.b.c]\n[a]\nb.d = 1\n[a.b]", 4, 4, "made by a dotted key in line 3"},
    {"[]", 1, 2, "a name is missing before the ]"},
    {"[a", 1, 3, "the header opened with [ in line 1 is not closed: ] is missing"},
    {"[[a]", 1, 4, "]] is missing"},
    {"[a] b = 1", 1, 5, "keys go on lines of their own"},
    {"[ [a] ]", 1, 3, "a key is missing"},
    {"[ a . \"b\" ]\t# c", 0, 0, NULL},
    /* Inline tables are complete. */
    {"a = { b = 1 }\na.c = 2", 2, 1, "complete with the { } of line 1"},
    {"a = { b = {} }\n[a.b]", 2, 2, "complete with the { } of line 1"},
    {"[t]\na = {}\n[t.a.x]", 3, 4, "nothing can be added to t.a, which"},
    {"a = { b.c = 1, b.d = 2 }", 0, 0, NULL},
    {"a = { b = {}, b.d = 2 }", 1, 15, "nothing can be added to b"},
    /* Arrays of tables. */
    {"[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\n[[a]]\n[a.c]", 0, 0, NULL},
    {"[[a]]\n[a]", 2, 2, "a is an array of tables since line 1: write [[a]]"},
    {"[a]\n[[a]]", 2, 3, "a is a table since line 1"},
    {"[a.b]\n[[a]]", 2, 3, "a is a table since line 1"},
    {"a = [{}]\n[[a]]", 2, 3, "a is an array since line 1"},
    {"[[a]]\n[a.c]\n[a.c]", 3, 1, "table [a.c] was opened in line 2 already"},
    {"[[a.b]]\n[a]\nb.c = 1", 3, 1, "b is an array since line 1"},
    /* Keys. */
    {"a b = 1", 1, 3, "behind the key a there must be a =, not b"},
    {"a: 1", 1, 2, "put = between key and value"},
    {"a@b.c = 1", 1, 2, "a key with @ in it needs quotes: write \"a@b.c\""},
    {"a", 1, 2, "the key a has no value: write a ="},
    {"a # x", 1, 3, "the key a has no value"},
    {"= 1", 1, 1, "a key is missing before the ="},
    {"a..b = 1", 1, 3, "a key is missing before the dot"},
    {"a. = 1", 1, 4, "a key is missing before the ="},
    {"\"\"\"a\"\"\" = 1", 1, 1, "a key takes one quote on each side"},
    {"\"a = 1\nb = 2", 1, 1, "the key opened with \" in line 1 is not closed"},
    {"\xef\xbb\xbf\xef\xbb\xbf"
     "a = 1",
     1, 1, "invisible character, U+FEFF"},
    {"\xc3\xa9t\xc3\xa9 = 1", 1, 1, "needs quotes: write \"\xc3\xa9t\xc3\xa9\""},
    {"\"\" = 1\n' ' = 2\n1.2.-_ = 3", 0, 0, NULL},
};

START_TEST(test_rules)
{
	complaint_check(&rules[_i]);
}
END_TEST

static Suite *
define_suite(void)
{
	Suite *suite = suite_create("toml/define");
	TCase *tcase = tcase_create("define");

	tcase_add_loop_test(tcase, test_rules, 0, sizeof(rules) / sizeof(rules[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(define_suite)
