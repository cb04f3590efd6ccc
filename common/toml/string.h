#pragma once

#include <stdbool.h>

#include "common/str.h"

/*
 * Strings of TOML: "basic", 'literal', and both in their multi-line forms, decoded. Line ends in
 * multi-line strings become LF whatever the file has.
 */
struct toml_scan;

/*
 * At a quote: moves behind the closing one, *text is decoded, in the arena, with a NUL behind it.
 * False with a complaint. is_key: multi-line forms are refused.
 */
bool toml_string_read(struct toml_scan *scan, bool is_key, struct slice *text);
