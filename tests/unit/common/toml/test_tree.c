#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "common/toml/parse.h"
#include "common/toml/tree.h"
#include "tests/unit/unit.h"

/* From the small table, searched in turn, to the big one with its index. */
START_TEST(test_find_while_growing)
{
	static const struct toml_position at = {1, 1};
	struct arena *arena = arena_new();
	struct toml_node *table = toml_tree_new(arena, TOML_TABLE, at, 0);

	for (int count = 0; count < 300; count++) {
		struct toml_entry entry = {
		    .key = slice_of(arena_printf(arena, "k%d", count)),
		    .at = at,
		    .value = toml_tree_new(arena, TOML_INTEGER, at, 1),
		};

		ck_assert_ptr_null(toml_tree_entry(table, entry.key));
		entry.value->integer = count;
		toml_tree_put(arena, table, &entry);
		for (int i = 0; i <= count; i++) {
			const char *key = arena_printf(arena, "k%d", i);
			const struct toml_node *found = toml_tree_find(table, key);

			ck_assert(found != NULL && found->integer == i);
			ck_assert(slice_is(table->entries[i].key, key));
		}
		ck_assert_ptr_null(toml_tree_find(table, "k"));
	}
	arena_free(&arena);
}
END_TEST

START_TEST(test_find_elsewhere)
{
	struct arena *arena = arena_new();
	const struct toml_node *root =
	    toml_parse(arena, slice_of("a.b = [1]\n\"\" = 2\n"), 0, NULL, NULL, NULL);

	ck_assert_ptr_null(toml_tree_find(NULL, "a"));
	ck_assert_ptr_null(toml_tree_find(root, "a.b"));
	ck_assert_int_eq(toml_tree_find(root, "")->integer, 2);
	ck_assert_ptr_null(
	    toml_tree_find(toml_tree_find(toml_tree_find(root, "a"), "b"), "anything"));
	arena_free(&arena);
}
END_TEST

START_TEST(test_type_names)
{
	for (int type = TOML_STRING; type <= TOML_TABLE; type++)
		ck_assert(strncmp(toml_tree_type_name((enum toml_type)type), "a", 1) == 0);
	ck_assert_str_eq(toml_tree_type_name(TOML_INTEGER), "an integer");
	ck_assert_str_eq(toml_tree_type_name(TOML_STRING), "a string");
}
END_TEST

static Suite *
tree_suite(void)
{
	Suite *suite = suite_create("toml/tree");
	TCase *tcase = tcase_create("tree");

	tcase_add_test(tcase, test_find_while_growing);
	tcase_add_test(tcase, test_find_elsewhere);
	tcase_add_test(tcase, test_type_names);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(tree_suite)
