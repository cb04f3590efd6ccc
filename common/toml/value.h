#pragma once

#include <stdbool.h>

/* What may stand behind '=': strings, numbers, dates, booleans, arrays, inline tables. */
struct toml_node;
struct toml_scan;

/* key = value, put into table; moves behind the value. False with a complaint. */
bool toml_value_pair(struct toml_scan *scan, struct toml_node *table);
