#include "common/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

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

char *
clock_iso(char text[CLOCK_TEXT], int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	char stamp[24];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, CLOCK_TEXT, "%s.%03dZ", stamp, (int)(wall_ms % 1000));
	return text;
}
