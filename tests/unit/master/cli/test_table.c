#include "master/cli/table.h"

#include <string.h>

#include "common/str.h"
#include "master/cli/text.h"
#include "tests/unit/unit.h"

enum { COLUMNS = 3 };

static const struct cli_table_column columns[COLUMNS] = {
    {"NAME", 6},
    {"COUNT", 0},
    {"REPLY", 5},
};

/* The text of everything written so far. */
struct output {
	FILE *file;
	char *text;
	size_t len;
};

static void
output_open(struct output *output)
{
	cli_text_locale();
	output->file = open_memstream(&output->text, &output->len);
	ck_assert_ptr_nonnull(output->file);
}

static void
output_close(struct output *output)
{
	fclose(output->file);
	free(output->text);
}

static void
table_row(struct cli_table *table, const char *name, const char *count, const char *reply)
{
	const struct cli_table_cell cells[COLUMNS] = {
	    {slice_of(name), false},
	    {slice_of(count), strcmp(count, "-") != 0},
	    {slice_of(reply), false},
	};

	cli_table_row(table, cells);
}

START_TEST(test_aligned)
{
	struct output output;
	struct cli_table *table;

	output_open(&output);
	table = cli_table_new(output.file, columns, COLUMNS, 0);
	table_row(table, "a", "7", "ok");
	table_row(table, "longer name", "-", "-");
	table_row(table, "\xe6\x97\xa5\xe6\x9c\xac", "1234567", "a reply of some length");
	fflush(output.file);
	ck_assert_uint_eq(output.len, 0);
	cli_table_free(&table);
	ck_assert_ptr_null(table);
	fflush(output.file);
	ck_assert_str_eq(output.text,
			 "NAME           COUNT  REPLY\n"
			 "a                  7  ok\n"
			 "longer name        -  -\n"
			 "\xe6\x97\xa5\xe6\x9c\xac         1234567  a reply of some length\n");
	output_close(&output);
}
END_TEST

/* A word in it makes a column one of words. */
START_TEST(test_mixed_column)
{
	struct output output;
	struct cli_table *table;
	struct cli_table_cell cells[COLUMNS] = {
	    {slice_of("a"), false}, {slice_of("auto"), false}, {slice_of("x"), false}};

	output_open(&output);
	table = cli_table_new(output.file, columns, COLUMNS, 0);
	table_row(table, "b", "1", "x");
	cli_table_row(table, cells);
	cli_table_free(&table);
	fflush(output.file);
	ck_assert_str_eq(output.text, "NAME  COUNT  REPLY\n"
				      "b     1      x\n"
				      "a     auto   x\n");
	output_close(&output);
}
END_TEST

START_TEST(test_no_rows)
{
	struct output output;
	struct cli_table *table;

	output_open(&output);
	table = cli_table_new(output.file, columns, COLUMNS, 0);
	cli_table_free(&table);
	cli_table_free(&table);
	fflush(output.file);
	ck_assert_uint_eq(output.len, 0);
	output_close(&output);
}
END_TEST

START_TEST(test_cut_to_terminal)
{
	struct output output;
	struct cli_table *table;

	output_open(&output);
	table = cli_table_new(output.file, columns, COLUMNS, 26);
	table_row(table, "a name that is long", "12345", "a reply that is long");
	table_row(table, "\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5", "-", "-");
	cli_table_free(&table);
	fflush(output.file);
	ck_assert_str_eq(
	    output.text,
	    "NAME       COUNT  REPLY\n"
	    "a name t\xe2\x80\xa6  12345  a reply\xe2\x80\xa6\n"
	    "\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6      -  -\n");
	output_close(&output);
}
END_TEST

/* No line is wider than the terminal as long as the least widths fit; none ends in a space. */
START_TEST(test_any_terminal)
{
	for (unsigned width = 19; width < 90; width++) {
		struct output output;
		struct cli_table *table;
		char *line;

		output_open(&output);
		table = cli_table_new(output.file, columns, COLUMNS, width);
		table_row(table, "somebody@example.org", "17", "a reply that is quite long");
		table_row(table, "x", "-", "y");
		cli_table_free(&table);
		fflush(output.file);
		line = output.text;
		for (int i = 0; i < 3; i++) {
			char *end = strchr(line, '\n');

			ck_assert_ptr_nonnull(end);
			ck_assert_uint_le(
			    cli_text_width((struct slice){line, (size_t)(end - line)}), width);
			ck_assert_int_ne(end[-1], ' ');
			line = end + 1;
		}
		ck_assert_int_eq(*line, '\0');
		output_close(&output);
	}
}
END_TEST

/* Narrower than is possible: nothing breaks. */
START_TEST(test_tiny_terminal)
{
	struct output output;
	struct cli_table *table;

	output_open(&output);
	table = cli_table_new(output.file, columns, COLUMNS, 1);
	table_row(table, "somebody", "17", "a reply");
	cli_table_free(&table);
	fflush(output.file);
	ck_assert_str_eq(output.text, "NAME    COUNT  \xe2\x80\xa6\n"
				      "someb\xe2\x80\xa6     17  \xe2\x80\xa6\n");
	output_close(&output);
}
END_TEST

/* After the sample rows are written as they come, whatever their width. */
START_TEST(test_streams)
{
	struct output output;
	struct cli_table *table;
	size_t before;

	output_open(&output);
	table = cli_table_new(output.file, columns, COLUMNS, 0);
	for (int i = 0; i < CLI_TABLE_SAMPLE - 1; i++)
		table_row(table, "a", "7", "ok");
	fflush(output.file);
	ck_assert_uint_eq(output.len, 0);
	table_row(table, "a", "7", "ok");
	fflush(output.file);
	before = output.len;
	ck_assert_uint_eq(before, strlen("NAME  COUNT  REPLY\n") +
				      CLI_TABLE_SAMPLE * strlen("a         7  ok\n"));
	table_row(table, "longer", "1234567", "more");
	fflush(output.file);
	ck_assert_str_eq(output.text + before, "longer  1234567  more\n");
	cli_table_free(&table);
	fflush(output.file);
	ck_assert_uint_eq(output.len, before + strlen("longer  1234567  more\n"));
	output_close(&output);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("master/cli/table");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, test_aligned);
	tcase_add_test(tcase, test_mixed_column);
	tcase_add_test(tcase, test_no_rows);
	tcase_add_test(tcase, test_cut_to_terminal);
	tcase_add_test(tcase, test_any_terminal);
	tcase_add_test(tcase, test_tiny_terminal);
	tcase_add_test(tcase, test_streams);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
