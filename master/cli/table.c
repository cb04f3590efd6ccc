#include "master/cli/table.h"

#include <stdlib.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "master/cli/text.h"

enum { CLI_TABLE_GAP = 2 };

static const char cli_table_cut[] = "\xe2\x80\xa6";

struct cli_table_measure {
	size_t width;
	bool number;  /* some cell is one */
	bool wording; /* some cell is neither number nor "-" */
};

struct cli_table {
	FILE *out;
	const struct cli_table_column *columns;
	size_t count;
	unsigned width;                     /* of the terminal, or 0 */
	struct cli_table_measure *measures; /* one for each column; fixed once streaming */
	struct arena *arena;                /* of the rows held */
	struct cli_table_cell *rows[CLI_TABLE_SAMPLE];
	size_t held;
	bool streaming; /* the heading is out */
};

struct cli_table *
cli_table_new(FILE *out, const struct cli_table_column *columns, size_t count, unsigned width)
{
	struct cli_table *table = alloc_new(struct cli_table);

	table->out = out;
	table->columns = columns;
	table->count = count;
	table->width = width;
	table->measures = alloc_array(count, sizeof(*table->measures));
	table->arena = arena_new();
	for (size_t i = 0; i < count; i++)
		table->measures[i].width = cli_text_width(slice_of(columns[i].heading));
	return table;
}

static void
cli_table_spaces(struct cli_table *table, size_t count)
{
	for (; count > 0; count--)
		putc(' ', table->out);
}

/* Columns a cell may take at most: its column's, or for the last one what the line has left. */
static size_t
cli_table_room(const struct cli_table *table, size_t column, size_t at)
{
	size_t room = table->measures[column].width;

	if (column + 1 == table->count)
		room = table->width > at ? table->width - at : 0;
	return room > 0 ? room : 1;
}

/* Writes the text, which takes width columns, cut to the room; returns the columns taken. */
static size_t
cli_table_write(struct cli_table *table, struct slice text, size_t width, size_t room)
{
	size_t fit;

	if (width <= room) {
		fwrite(text.data, 1, text.len, table->out);
		return width;
	}
	fit = cli_text_fit(text, room - 1);
	fwrite(text.data, 1, fit, table->out);
	fputs(cli_table_cut, table->out);
	return cli_text_width((struct slice){text.data, fit}) + 1;
}

static void
cli_table_line(struct cli_table *table, const struct cli_table_cell *cells)
{
	size_t at = 0; /* where the cell begins */
	size_t end = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct cli_table_measure *measure = &table->measures[i];
		size_t width = cli_text_width(cells[i].text);
		size_t room = width;
		size_t pad = 0;

		if (table->width > 0 && table->columns[i].least > 0)
			room = cli_table_room(table, i, at);
		if (measure->number && !measure->wording && width < measure->width)
			pad = measure->width - width;
		/* Spaces come before what follows them, so that no line ends in one. */
		cli_table_spaces(table, at - end + pad);
		end = at + pad + cli_table_write(table, cells[i].text, width, room);
		at = end > at + measure->width ? end : at + measure->width;
		at += CLI_TABLE_GAP;
	}
	putc('\n', table->out);
}

static size_t
cli_table_total(const struct cli_table *table)
{
	size_t total = 0;

	for (size_t i = 0; i < table->count; i++)
		total += table->measures[i].width + (i > 0 ? CLI_TABLE_GAP : 0);
	return total;
}

/* The widest column that may be cut and is not yet as narrow as it may be; NULL: none. */
static struct cli_table_measure *
cli_table_widest(struct cli_table *table)
{
	struct cli_table_measure *widest = NULL;

	for (size_t i = 0; i < table->count; i++) {
		struct cli_table_measure *measure = &table->measures[i];

		if (table->columns[i].least > 0 && measure->width > table->columns[i].least &&
		    (widest == NULL || measure->width >= widest->width))
			widest = measure;
	}
	return widest;
}

static void
cli_table_shrink(struct cli_table *table)
{
	size_t total = cli_table_total(table);

	while (total > table->width) {
		struct cli_table_measure *widest = cli_table_widest(table);

		if (widest == NULL)
			return;
		widest->width--;
		total--;
	}
}

static void
cli_table_measure(struct cli_table *table, const struct cli_table_cell *cells)
{
	for (size_t i = 0; i < table->count; i++) {
		struct cli_table_measure *measure = &table->measures[i];
		size_t width = cli_text_width(cells[i].text);

		if (width > measure->width)
			measure->width = width;
		measure->number |= cells[i].number;
		measure->wording |= !cells[i].number && !slice_is(cells[i].text, "-");
	}
}

/* From now on the widths stay. */
static void
cli_table_flush(struct cli_table *table)
{
	struct cli_table_cell *headings =
	    arena_array(table->arena, table->count, sizeof(*headings));

	for (size_t i = 0; i < table->count; i++)
		headings[i].text = slice_of(table->columns[i].heading);
	if (table->width > 0)
		cli_table_shrink(table);
	cli_table_line(table, headings);
	for (size_t i = 0; i < table->held; i++)
		cli_table_line(table, table->rows[i]);
	table->held = 0;
	table->streaming = true;
	arena_reset(table->arena);
}

void
cli_table_row(struct cli_table *table, const struct cli_table_cell *cells)
{
	struct cli_table_cell *copy;

	if (table->streaming) {
		cli_table_line(table, cells);
		return;
	}
	copy = arena_array(table->arena, table->count, sizeof(*copy));
	for (size_t i = 0; i < table->count; i++) {
		copy[i] = cells[i];
		copy[i].text.data = arena_copy(table->arena, cells[i].text.data, cells[i].text.len);
	}
	cli_table_measure(table, cells);
	table->rows[table->held++] = copy;
	if (table->held == CLI_TABLE_SAMPLE)
		cli_table_flush(table);
}

void
cli_table_free(struct cli_table **table)
{
	if (*table == NULL)
		return;
	if (!(*table)->streaming && (*table)->held > 0)
		cli_table_flush(*table);
	arena_free(&(*table)->arena);
	free((*table)->measures);
	free(*table);
	*table = NULL;
}
