#pragma once

#include <stdbool.h>

#include "common/str.h"

/*
 * Dates and times of TOML, which are those of RFC 3339 and parts of them: checked against the
 * calendar, leap seconds (:60) allowed, kept as text. Pure.
 */
struct arena;
struct toml_node;

/* True when word has the form of a date, to which a blank and a time may be added. */
bool toml_datetime_is_date(struct slice word);

/*
 * True when word is a date, a time or both: type and text of node are set. Otherwise *complaint
 * says what is wrong with it (constant text), or is NULL when it does not even look like one.
 */
bool toml_datetime_parse(struct arena *arena, struct slice word, struct toml_node *node,
			 const char **complaint);
