#include "worker/submit/trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void
submit_trace_init(struct submit_trace *trace, const char *hostname, uint32_t nonce)
{
	memset(trace, 0, sizeof(*trace));
	trace->hostname = hostname;
	trace->nonce = nonce;
	trace->second = -1;
}

/* The names are written out here: strftime's follow the locale. */
static void
submit_trace_date(struct submit_trace *trace, int64_t wall_ms)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t second = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (trace->second == second)
		return;
	trace->second = second;
	gmtime_r(&second, &tm);
	snprintf(trace->date, sizeof(trace->date), "%s, %02d %s %04d %02d:%02d:%02d +0000",
		 days[tm.tm_wday % 7], tm.tm_mday, months[tm.tm_mon % 12],
		 (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec % 61);
}

/* Letters, digits and what names and address literals are made of. */
static bool
submit_trace_is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789.-_:[]");

	return len > 0 && name[len] == '\0';
}

size_t
submit_trace_field(struct submit_trace *trace, const struct submit_trace_facts *facts,
		   int64_t wall_ms, char text[SUBMIT_TRACE_MAX])
{
	bool literal = strncmp(facts->client, "uid ", 4) != 0;
	int len;

	submit_trace_date(trace, wall_ms);
	len = snprintf(text, SUBMIT_TRACE_MAX,
		       "Received: from %.255s (%s%.80s%s)\r\n"
		       "\tby %.255s with %s id %08x%llx;\r\n\t%s\r\n",
		       submit_trace_is_name(facts->name) ? facts->name : "unknown",
		       !literal                             ? ""
		       : strchr(facts->client, ':') != NULL ? "[IPv6:"
							    : "[",
		       facts->client, literal ? "]" : "", trace->hostname, facts->protocol,
		       trace->nonce, (unsigned long long)facts->ticket, trace->date);
	return (size_t)len;
}
