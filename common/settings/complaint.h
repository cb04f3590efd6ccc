#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/*
 * Everything that is wrong with one configuration, collected while it is read and shown together,
 * in the order of the file. Texts are copied; the list belongs to whoever made it.
 */
struct settings_complaint {
	bool warning;    /* false: the configuration is refused */
	unsigned line;   /* from 1; 0 when the whole file is meant */
	unsigned column; /* in characters, from 1 */
	const char *key; /* dotted key, or "syntax" for what is not yet TOML */
	const char *text;
};

struct settings_place {
	unsigned line;
	unsigned column;
};

struct settings_complaints;

/* file is the name that printed lines begin with. */
struct settings_complaints *settings_complaint_new(const char *file);
void settings_complaint_free(struct settings_complaints **complaints);

void settings_complaint_error(struct settings_complaints *complaints, struct settings_place at,
			      const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void settings_complaint_warn(struct settings_complaints *complaints, struct settings_place at,
			     const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

size_t settings_complaint_count(const struct settings_complaints *complaints);
/* Those that are no warnings. */
size_t settings_complaint_errors(const struct settings_complaints *complaints);
/* Sorted by place; equal places keep the order in which they were found. Valid until the next. */
const struct settings_complaint *settings_complaint_at(struct settings_complaints *complaints,
						       size_t index);
/*
 * One line for each: "FILE:LINE:COLUMN: KEY: text", with "warning: " before the text of a warning.
 * Control characters in the text are escaped.
 */
void settings_complaint_print(struct settings_complaints *complaints, struct str *out);
