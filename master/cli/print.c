#include "master/cli/print.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/proto/control.h"
#include "common/str.h"
#include "master/cli/layout.h"
#include "master/cli/table.h"
#include "master/cli/text.h"
#include "master/cli/value.h"

enum { CLI_PRINT_LEAST = 8 };

struct cli_print {
	struct cli_print_options options;
	struct cli_value_style style;
	bool several;       /* of the command's answer: JSON names the table */
	bool written;       /* something is out: what follows is set apart by an empty line */
	struct arena *part; /* rows of one table name; NULL before the first; owns the following */
	struct slice name;  /* of the table */
	bool block;
	struct cli_layout_column *columns;
	struct cli_table_cell *cells; /* of the row in hand */
	size_t count;                 /* of columns and cells */
	size_t label;                 /* a block's widest heading */
	struct cli_table *table;      /* NULL: a block */
};

struct cli_print *
cli_print_new(const struct cli_print_options *options)
{
	struct cli_print *print = alloc_new(struct cli_print);

	print->options = *options;
	print->style.now = options->now;
	print->several = cli_layout_is_several(slice_of(options->command));
	return print;
}

static void
cli_print_end_part(struct cli_print *print)
{
	if (print->part == NULL)
		return;
	cli_table_free(&print->table);
	arena_free(&print->part);
	print->written = true;
}

void
cli_print_free(struct cli_print **print)
{
	if (*print == NULL)
		return;
	cli_print_end_part(*print);
	free(*print);
	*print = NULL;
}

static void
cli_print_json(struct cli_print *print, const struct proto_row *row)
{
	struct str line = {0};

	str_char(&line, '{');
	if (print->several) {
		str_text(&line, "\"table\":");
		cli_text_json(&line, row->table);
	}
	for (size_t i = 0; i < row->count; i++) {
		if (i > 0 || print->several)
			str_char(&line, ',');
		cli_text_json(&line, row->values[i].name);
		str_char(&line, ':');
		cli_value_json(&line, &row->values[i]);
	}
	str_text(&line, "}\n");
	fwrite(line.data, 1, line.len, print->options.out);
	str_free(&line);
}

/* The value of a column, wherever it is in this row; NULL: it has none. */
static const struct proto_value *
cli_print_find(const struct proto_row *row, size_t likely, const char *name)
{
	if (likely < row->count && slice_is(row->values[likely].name, name))
		return &row->values[likely];
	for (size_t i = 0; i < row->count; i++)
		if (slice_is(row->values[i].name, name))
			return &row->values[i];
	return NULL;
}

/* "started_at" to "started" or "STARTED". */
static const char *
cli_print_heading(struct cli_print *print, struct slice name)
{
	struct str text = {0};
	char *heading;

	if (name.len > 3 && memcmp(name.data + name.len - 3, "_at", 3) == 0)
		name.len -= 3;
	cli_text_line(&text, name);
	heading = arena_copy(print->part, str_c(&text), text.len);
	str_free(&text);
	for (char *c = heading; *c != '\0'; c++) {
		if (*c == '_')
			*c = ' ';
		else if (!print->block)
			*c = (char)toupper((unsigned char)*c);
	}
	return heading;
}

static void
cli_print_all_columns(struct cli_print *print, const struct proto_row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		const struct proto_value *value = &row->values[i];
		struct cli_layout_column *column = &print->columns[print->count++];

		column->name = arena_copy(print->part, value->name.data, value->name.len);
		column->heading = cli_print_heading(print, value->name);
		column->least = value->type == PROTO_VALUE_TEXT ? CLI_PRINT_LEAST : 0;
	}
}

static void
cli_print_layout_columns(struct cli_print *print, const struct cli_layout *layout,
			 const struct proto_row *row)
{
	for (size_t i = 0; i < layout->count; i++)
		if (cli_print_find(row, i, layout->columns[i].name) != NULL)
			print->columns[print->count++] = layout->columns[i];
}

static void
cli_print_begin_table(struct cli_print *print)
{
	struct cli_table_column *columns = arena_array(print->part, print->count, sizeof(*columns));

	for (size_t i = 0; i < print->count; i++) {
		columns[i].heading = print->columns[i].heading;
		columns[i].least = print->columns[i].least;
	}
	print->cells = arena_array(print->part, print->count, sizeof(*print->cells));
	print->table =
	    cli_table_new(print->options.out, columns, print->count, print->options.width);
}

static void
cli_print_begin_block(struct cli_print *print)
{
	print->label = 0;
	for (size_t i = 0; i < print->count; i++) {
		size_t width = print->columns[i].heading != NULL
				   ? cli_text_width(slice_of(print->columns[i].heading))
				   : 0;

		if (width > print->label)
			print->label = width;
	}
}

/* The first row of a table says which columns there are. */
static void
cli_print_begin_part(struct cli_print *print, const struct proto_row *row)
{
	const struct cli_layout *layout =
	    cli_layout_find(slice_of(print->options.command), row->table);
	size_t most = layout != NULL && layout->count > row->count ? layout->count : row->count;

	cli_print_end_part(print);
	print->part = arena_new();
	print->name.data = arena_copy(print->part, row->table.data, row->table.len);
	print->name.len = row->table.len;
	print->block = layout != NULL && layout->block;
	print->columns = arena_array(print->part, most, sizeof(*print->columns));
	print->count = 0;
	if (layout != NULL)
		cli_print_layout_columns(print, layout, row);
	if (print->count == 0)
		cli_print_all_columns(print, row);
	if (print->block) {
		print->style.times = CLI_VALUE_BOTH;
		cli_print_begin_block(print);
		return;
	}
	print->style.times = print->options.utc ? CLI_VALUE_UTC : CLI_VALUE_RELATIVE;
	if (print->written)
		putc('\n', print->options.out);
	cli_print_begin_table(print);
}

static void
cli_print_table_row(struct cli_print *print, const struct proto_row *row)
{
	static const struct proto_value nothing = {.type = PROTO_VALUE_NULL};
	size_t starts[PROTO_CONTROL_COLUMNS];
	struct str text = {0};

	for (size_t i = 0; i < print->count; i++) {
		const struct cli_layout_column *column = &print->columns[i];
		const struct proto_value *value = cli_print_find(row, i, column->name);

		if (value == NULL)
			value = &nothing;
		starts[i] = text.len;
		cli_value_line(&text, value, column->format, &print->style);
		print->cells[i].number = cli_value_is_number(value, column->format);
		print->cells[i].text.len = text.len - starts[i];
	}
	for (size_t i = 0; i < print->count; i++)
		print->cells[i].text.data = str_c(&text) + starts[i];
	cli_table_row(print->table, print->cells);
	str_free(&text);
}

/* The heading of a line of a block, and spaces up to where values begin. */
static void
cli_print_label(struct cli_print *print, struct str *text, const char *heading)
{
	str_text(text, heading);
	for (size_t at = cli_text_width(slice_of(heading)); at < print->label + 2; at++)
		str_char(text, ' ');
}

static void
cli_print_block(struct cli_print *print, const struct proto_row *row)
{
	const char *heading = "";
	bool open = false; /* the line of the heading has been begun */
	struct str text = {0};

	if (print->written)
		str_char(&text, '\n');
	for (size_t i = 0; i < print->count; i++) {
		const struct cli_layout_column *column = &print->columns[i];
		const struct proto_value *value = cli_print_find(row, i, column->name);

		if (column->heading != NULL) {
			if (open)
				str_char(&text, '\n');
			open = false;
			heading = column->heading;
		}
		if (value == NULL || cli_value_is_void(value, column->format))
			continue;
		if (open)
			str_char(&text, ' ');
		else
			cli_print_label(print, &text, heading);
		open = true;
		cli_value_line(&text, value, column->format, &print->style);
	}
	if (open)
		str_char(&text, '\n');
	fwrite(str_c(&text), 1, text.len, print->options.out);
	str_free(&text);
	print->written = true;
}

bool
cli_print_row(struct cli_print *print, const struct proto_row *row)
{
	if (row->count == 0 || row->count > PROTO_CONTROL_COLUMNS)
		return ferror(print->options.out) == 0;
	if (print->options.json) {
		cli_print_json(print, row);
		return ferror(print->options.out) == 0;
	}
	if (print->part == NULL || !slice_equal(print->name, row->table))
		cli_print_begin_part(print, row);
	if (print->block)
		cli_print_block(print, row);
	else
		cli_print_table_row(print, row);
	return ferror(print->options.out) == 0;
}

void
cli_print_text(struct cli_print *print, const char *text)
{
	struct str line = {0};

	cli_print_end_part(print);
	if (print->options.json) {
		str_text(&line, "{\"text\":");
		cli_text_json(&line, slice_of(text));
		str_char(&line, '}');
	} else {
		cli_text_line(&line, slice_of(text));
	}
	str_char(&line, '\n');
	fwrite(line.data, 1, line.len, print->options.out);
	str_free(&line);
}
