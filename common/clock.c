#include "common/clock.h"

#include <stdbool.h>
#include <time.h>

/* The end of the year 9999. */
#define CLOCK_LAST_MS INT64_C(253402300799999)

static struct {
	bool fixed;
	int64_t wall_ms;
	int64_t mono_ms;
} clock_state;

static int64_t
clock_read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return clock_state.fixed ? clock_state.wall_ms : clock_read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_us(void)
{
	return clock_state.fixed ? clock_state.mono_ms * 1000 : clock_read_us(CLOCK_MONOTONIC);
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

void
clock_set(int64_t wall_ms, int64_t mono_ms)
{
	clock_state.fixed = true;
	clock_state.wall_ms = wall_ms;
	clock_state.mono_ms = mono_ms;
}

void
clock_unset(void)
{
	clock_state.fixed = false;
}

/* Two digits, and what follows them. */
static char *
clock_two(char *at, int number, char after)
{
	*at++ = (char)('0' + number / 10 % 10);
	*at++ = (char)('0' + number % 10);
	*at++ = after;
	return at;
}

char *
clock_iso(char text[CLOCK_TEXT], int64_t wall_ms)
{
	char *at = text;
	time_t seconds;
	struct tm tm;
	int year;
	int ms;

	if (wall_ms < 0)
		wall_ms = 0;
	if (wall_ms > CLOCK_LAST_MS)
		wall_ms = CLOCK_LAST_MS;
	seconds = (time_t)(wall_ms / 1000);
	ms = (int)(wall_ms % 1000);
	gmtime_r(&seconds, &tm);
	year = tm.tm_year + 1900;
	/* By hand: every line of log and record has one. */
	clock_two(at, year / 100, '\0');
	at = clock_two(at + 2, year, '-');
	at = clock_two(at, tm.tm_mon + 1, '-');
	at = clock_two(at, tm.tm_mday, 'T');
	at = clock_two(at, tm.tm_hour, ':');
	at = clock_two(at, tm.tm_min, ':');
	at = clock_two(at, tm.tm_sec, '.');
	*at++ = (char)('0' + ms / 100);
	at = clock_two(at, ms, 'Z');
	*at = '\0';
	return text;
}
