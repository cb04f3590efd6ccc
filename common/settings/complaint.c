#include "common/settings/complaint.h"

#include <stdarg.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/arena.h"

struct settings_complaint_item {
	struct settings_complaint complaint;
	size_t order; /* of arrival, among equal places */
};

struct settings_complaints {
	struct arena *arena;
	const char *file;
	struct settings_complaint_item *items;
	size_t count;
	size_t room;
	size_t errors;
	bool sorted;
};

struct settings_complaints *
settings_complaint_new(const char *file)
{
	struct settings_complaints *complaints = alloc_new(struct settings_complaints);

	complaints->arena = arena_new();
	complaints->file = arena_copy(complaints->arena, file, slice_of(file).len);
	return complaints;
}

void
settings_complaint_free(struct settings_complaints **complaints)
{
	if (*complaints == NULL)
		return;
	arena_free(&(*complaints)->arena);
	free((*complaints)->items);
	free(*complaints);
	*complaints = NULL;
}

static void __attribute__((format(printf, 3, 0)))
settings_complaint_add(struct settings_complaints *complaints,
		       const struct settings_complaint *complaint, const char *format, va_list ap)
{
	struct settings_complaint_item *item;
	struct str text = {0};

	if (complaints->count == complaints->room) {
		complaints->room = complaints->room ? complaints->room * 2 : 16;
		complaints->items =
		    alloc_resize(complaints->items, complaints->room, sizeof(*complaints->items));
	}
	str_vprintf(&text, format, ap);
	item = &complaints->items[complaints->count];
	item->complaint = *complaint;
	item->complaint.key =
	    arena_copy(complaints->arena, complaint->key, slice_of(complaint->key).len);
	item->complaint.text = arena_copy(complaints->arena, str_c(&text), text.len);
	item->order = complaints->count++;
	complaints->errors += !complaint->warning;
	complaints->sorted = false;
	str_free(&text);
}

void
settings_complaint_error(struct settings_complaints *complaints, struct settings_place at,
			 const char *key, const char *format, ...)
{
	struct settings_complaint complaint = {false, at.line, at.column, key, NULL};
	va_list ap;

	va_start(ap, format);
	settings_complaint_add(complaints, &complaint, format, ap);
	va_end(ap);
}

void
settings_complaint_warn(struct settings_complaints *complaints, struct settings_place at,
			const char *key, const char *format, ...)
{
	struct settings_complaint complaint = {true, at.line, at.column, key, NULL};
	va_list ap;

	va_start(ap, format);
	settings_complaint_add(complaints, &complaint, format, ap);
	va_end(ap);
}

size_t
settings_complaint_count(const struct settings_complaints *complaints)
{
	return complaints->count;
}

size_t
settings_complaint_errors(const struct settings_complaints *complaints)
{
	return complaints->errors;
}

static int
settings_complaint_compare(const void *left, const void *right)
{
	const struct settings_complaint_item *a = left;
	const struct settings_complaint_item *b = right;

	if (a->complaint.line != b->complaint.line)
		return a->complaint.line < b->complaint.line ? -1 : 1;
	if (a->complaint.column != b->complaint.column)
		return a->complaint.column < b->complaint.column ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

const struct settings_complaint *
settings_complaint_at(struct settings_complaints *complaints, size_t index)
{
	if (!complaints->sorted && complaints->count > 0)
		qsort(complaints->items, complaints->count, sizeof(*complaints->items),
		      settings_complaint_compare);
	complaints->sorted = true;
	return &complaints->items[index].complaint;
}

void
settings_complaint_print(struct settings_complaints *complaints, struct str *out)
{
	for (size_t i = 0; i < complaints->count; i++) {
		const struct settings_complaint *complaint = settings_complaint_at(complaints, i);

		str_printf(out, "%s:%u:%u: ", complaints->file, complaint->line, complaint->column);
		str_printable(out, complaint->key, slice_of(complaint->key).len);
		str_text(out, complaint->warning ? ": warning: " : ": ");
		str_printable(out, complaint->text, slice_of(complaint->text).len);
		str_char(out, '\n');
	}
}
