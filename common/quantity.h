#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/* Durations, sizes and rates as people write them in the configuration and on command lines. */

struct why;

/*
 * "3m", "1d12h", "500ms" to milliseconds; units d h m s ms, each at most once and in this order,
 * any case. A bare number is milliseconds, and *bare is set (may be NULL).
 */
bool quantity_duration(struct slice text, int64_t *ms, bool *bare, struct why *why);
/* "25", "50 MiB", "1GiB", "10kB" to bytes. */
bool quantity_size(struct slice text, int64_t *bytes, struct why *why);
/* "100/1s", "25/1h" to a count and milliseconds of at least 1 second. */
bool quantity_rate(struct slice text, int64_t *count, int64_t *period_ms, struct why *why);

enum { QUANTITY_TEXT = 48 };
/* "1d12h", "3m", "1m30s", "250ms", "0s"; returns text. */
char *quantity_duration_text(char text[QUANTITY_TEXT], int64_t ms);
/* "3.2 MiB"; returns text. */
char *quantity_size_text(char text[QUANTITY_TEXT], int64_t bytes);
