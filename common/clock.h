#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The two clocks. Dates are the system clock's; waits use the monotonic one, so that a clock that
 * jumps neither delays nor hurries anything. Tests turn both by hand with clock_set().
 */

/* Milliseconds since the epoch. */
int64_t clock_wall_ms(void);
/* Microseconds and milliseconds of a clock that never steps. */
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);
/* From now on both clocks stand still at these values. */
void clock_set(int64_t wall_ms, int64_t mono_ms);
/* Undoes clock_set(). */
void clock_unset(void);

enum { CLOCK_TEXT = 32 };
/* "2026-11-21T17:00:00.123Z" (RFC 3339, UTC); returns text. */
char *clock_iso(char text[CLOCK_TEXT], int64_t wall_ms);
