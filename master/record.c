#include "master/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/proto/result.h"
#include "common/why.h"

enum { RECORD_BUFFER_MOST = 64 * 1024 * 1024 };

static const char *const record_events[RECORD_EVENTS] = {
    [RECORD_DELIVERED] = "delivered", [RECORD_DEFERRED] = "deferred", [RECORD_BOUNCED] = "bounced",
    [RECORD_EXPIRED] = "expired",     [RECORD_REMOVED] = "removed",
};

struct record {
	int fd;     /* -1: no file is wanted, or it could not be opened */
	char *path; /* NULL: no file is wanted */
	bool must;
	bool failing;      /* said in the log, until a write succeeds */
	uint64_t lost;     /* lines dropped because the buffer was full */
	struct str buffer; /* whole lines that are not yet in the file */
	size_t begun;      /* bytes of the buffer's first line that the file has already */
	struct str scratch;
};

static bool
record_open(struct record *record, struct why *why)
{
	record->fd = open(record->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (record->fd >= 0)
		return true;
	why_errno(why, "cannot open the delivery record %s", record->path);
	return false;
}

struct record *
record_new(const char *path, bool must, struct why *why)
{
	struct record *record = alloc_new(struct record);

	record->fd = -1;
	record->must = must;
	record->path = path && *path ? alloc_str(path) : NULL;
	if (record->path != NULL && !record_open(record, why))
		record_free(&record);
	return record;
}

/*
 * The disk filled up inside a line: what the file has of it is cut off, and the whole line goes to
 * the next file. Nobody else writes here, so the file's end is what was written last.
 */
static void
record_close(struct record *record)
{
	struct stat st;

	if (record->fd < 0)
		return;
	if (record->begun > 0 && fstat(record->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= (off_t)record->begun &&
	    ftruncate(record->fd, st.st_size - (off_t)record->begun) != 0)
		log_warn("the delivery record %s ends inside a line: %s", record->path,
			 strerror(errno));
	record->begun = 0;
	close(record->fd);
	record->fd = -1;
}

void
record_free(struct record **record)
{
	if (*record == NULL)
		return;
	record_flush(*record);
	record_close(*record);
	str_free(&(*record)->buffer);
	str_free(&(*record)->scratch);
	free((*record)->path);
	free(*record);
	*record = NULL;
}

bool
record_reopen(struct record *record, const char *path, bool must, struct why *why)
{
	record_flush(record);
	record_close(record);
	if (record->path != path) {
		free(record->path);
		record->path = path && *path ? alloc_str(path) : NULL;
	}
	record->must = must;
	if (record->path != NULL)
		return record_open(record, why);
	/* What waited for a file that is not wanted any more must not hold up the mail. */
	str_clear(&record->buffer);
	record->failing = false;
	record->lost = 0;
	return true;
}

/* A line is put together without printf: it is written for every recipient. */
static void
record_key(struct str *str, const char *key)
{
	str_text(str, ",\"");
	str_text(str, key);
	str_text(str, "\":");
}

static void
record_text(struct str *str, const char *key, struct slice text)
{
	if (text.len == 0)
		return;
	record_key(str, key);
	str_json(str, text.data, text.len);
}

static void
record_number(struct str *str, const char *key, unsigned long long number)
{
	record_key(str, key);
	str_number(str, number);
}

static void
record_bool(struct str *str, const char *key, bool value)
{
	record_key(str, key);
	str_text(str, value ? "true" : "false");
}

/* Seconds with some digits behind the point, for people and for JSON. */
static void
record_seconds(struct str *str, double seconds, unsigned digits)
{
	double whole = seconds * (digits == 3 ? 1000.0 : 100.0) + 0.5;

	str_fixed(str, whole > 0 && whole < 1e15 ? (unsigned long long)whole : 0, digits);
}

static void
record_duration(struct str *str, const char *key, double seconds)
{
	record_key(str, key);
	record_seconds(str, seconds, 3);
}

static void
record_tls(struct str *str, const struct proto_result_facts *facts)
{
	if (facts->tls_version.len == 0)
		return;
	str_text(str, ",\"tls\":{\"version\":");
	str_json(str, facts->tls_version.data, facts->tls_version.len);
	record_text(str, "cipher", facts->tls_cipher);
	record_text(str, "policy", facts->tls_policy);
	record_bool(str, "verified", facts->tls_verified);
	str_char(str, '}');
}

static void
record_facts(struct str *str, const struct proto_result_facts *facts)
{
	record_text(str, "host", facts->host);
	record_text(str, "remote_ip", facts->remote_ip);
	if (facts->port != 0)
		record_number(str, "port", facts->port);
	record_text(str, "source_ip", facts->source_ip);
	record_text(str, "ehlo", facts->ehlo);
	record_tls(str, facts);
}

static void
record_outcome(struct str *str, const struct outcome *outcome)
{
	char enhanced[OUTCOME_ENHANCED_TEXT];

	if (outcome->class != OUTCOME_DELIVERED)
		record_text(str, "step", slice_of(outcome_step_name(outcome->step)));
	if (outcome->code != 0)
		record_number(str, "code", outcome->code);
	record_text(str, "enhanced", slice_of(outcome_enhanced_text(enhanced, outcome->enhanced)));
	record_text(str, "reply", outcome->reply);
	if (outcome->class != OUTCOME_DELIVERED)
		record_bool(str, "local", outcome->local);
	if (outcome->unknown)
		record_bool(str, "unknown_outcome", true);
}

static void
record_session(struct str *str, const struct proto_result_facts *facts)
{
	if (facts == NULL || facts->session == 0)
		return;
	record_number(str, "session", facts->session);
	record_bool(str, "reused", facts->reused);
}

static void
record_delays(struct str *str, const struct record_line *line)
{
	str_text(str, ",\"delays\":{\"queue\":");
	record_seconds(str, line->queue_s, 3);
	record_duration(str, "schedule", line->schedule_s);
	if (line->facts != NULL) {
		record_duration(str, "connect", (double)line->facts->connect_ms / 1000.0);
		record_duration(str, "transfer", (double)line->facts->transfer_ms / 1000.0);
	}
	str_char(str, '}');
}

static void
record_json(struct str *str, const struct record_line *line)
{
	char time[CLOCK_TEXT];

	str_text(str, "{\"time\":\"");
	str_text(str, clock_iso(time, clock_wall_ms()));
	str_char(str, '"');
	record_text(str, "event", slice_of(record_events[line->event]));
	record_number(str, "message", line->message);
	record_number(str, "delivery", line->delivery);
	record_key(str, "sender");
	str_json(str, line->sender.data, line->sender.len);
	record_text(str, "rcpt", line->rcpt);
	record_text(str, "domain", line->domain);
	record_number(str, "retry_num", line->retry_num);
	if (line->facts != NULL)
		record_facts(str, line->facts);
	if (line->outcome != NULL)
		record_outcome(str, line->outcome);
	record_number(str, "size", (unsigned long long)line->size);
	record_session(str, line->facts);
	record_delays(str, line);
	if (line->removed_meanwhile)
		record_bool(str, "removed_meanwhile", true);
	if (line->next_attempt != 0)
		record_text(str, "next_attempt",
			    slice_of(clock_iso(time, line->next_attempt * 1000)));
	str_text(str, "}\n");
}

static void
record_log_text(struct str *str, const char *label, struct slice text)
{
	if (text.len == 0)
		return;
	str_text(str, label);
	str_printable(str, text.data, text.len);
}

static void
record_log_where(struct str *str, const struct proto_result_facts *facts)
{
	if (facts == NULL || facts->host.len == 0)
		return;
	str_text(str, " host=");
	str_printable(str, facts->host.data, facts->host.len);
	record_log_text(str, " addr=", facts->remote_ip);
	record_log_text(str, " source=", facts->source_ip);
	if (facts->tls_version.len > 0) {
		record_log_text(str, " tls=", facts->tls_policy);
		record_log_text(str, ":", facts->tls_version);
	}
}

static void
record_log_outcome(struct str *str, const struct outcome *outcome)
{
	char enhanced[OUTCOME_ENHANCED_TEXT];

	if (outcome->class != OUTCOME_DELIVERED)
		str_printf(str, " step=%s", outcome_step_name(outcome->step));
	if (outcome->local)
		str_text(str, " local=yes");
	if (outcome->code != 0) {
		str_text(str, " code=");
		str_number(str, outcome->code);
	}
	if (outcome->enhanced.class != 0) {
		str_text(str, " dsn=");
		str_text(str, outcome_enhanced_text(enhanced, outcome->enhanced));
	}
	str_text(str, " reply=\"");
	str_printable(str, outcome->reply.data, outcome->reply.len);
	str_char(str, '"');
}

static void
record_log_delays(struct str *str, const struct record_line *line)
{
	str_text(str, " delay=");
	record_seconds(str, line->queue_s, 2);
	str_char(str, '/');
	record_seconds(str, line->schedule_s, 2);
	if (line->facts == NULL)
		return;
	str_char(str, '/');
	record_seconds(str, (double)line->facts->connect_ms / 1000.0, 2);
	str_char(str, '/');
	record_seconds(str, (double)line->facts->transfer_ms / 1000.0, 2);
}

/* The same for people: one line, the same facts in the same order. */
static void
record_log(struct record *record, const struct record_line *line)
{
	struct str *str = &record->scratch;
	char time[CLOCK_TEXT];

	str_clear(str);
	str_text(str, record_events[line->event]);
	str_text(str, " msg=");
	str_number(str, line->message);
	str_text(str, " from=<");
	str_printable(str, line->sender.data, line->sender.len);
	str_text(str, "> rcpt=<");
	str_printable(str, line->rcpt.data, line->rcpt.len);
	str_char(str, '>');
	record_log_where(str, line->facts);
	record_log_delays(str, line);
	if (line->outcome != NULL)
		record_log_outcome(str, line->outcome);
	if (line->next_attempt != 0)
		str_printf(str, " next=%s", clock_iso(time, line->next_attempt * 1000));
	log_line(LOG_LEVEL_INFO, str_c(str));
}

void
record_add(struct record *record, const struct record_line *line)
{
	if (log_wants(LOG_LEVEL_INFO))
		record_log(record, line);
	if (record->path == NULL)
		return;
	/* What must not be lost still comes from what is out: bounded by that, it goes beyond. */
	if (record->buffer.len >= RECORD_BUFFER_MOST && !record->must) {
		record->lost++;
		return;
	}
	record_json(&record->buffer, line);
}

static void
record_failed(struct record *record)
{
	if (!record->failing)
		log_error("the delivery record %s cannot be written: %s; %s", record->path,
			  strerror(errno),
			  record->must ? "when 64 MiB wait no message leaves any more"
				       : "what does not fit into 64 MiB is lost");
	record->failing = true;
}

static void
record_recovered(struct record *record)
{
	if (record->failing)
		log_warn("the delivery record %s is written again; %llu lines were lost",
			 record->path, (unsigned long long)record->lost);
	record->failing = false;
	record->lost = 0;
}

/* The first n bytes are in the file; a line that is not there in full stays, to its beginning. */
static void
record_written(struct record *record, size_t n)
{
	const char *data = record->buffer.data;
	const char *end = memrchr(data, '\n', n);
	size_t whole = end == NULL ? 0 : (size_t)(end + 1 - data);

	memmove(record->buffer.data, data + whole, record->buffer.len - whole);
	record->buffer.len -= whole;
	record->begun = n - whole;
}

void
record_flush(struct record *record)
{
	size_t done = record->begun;
	bool failed = false;

	if (record->buffer.len == 0)
		return;
	if (record->fd < 0 && !record_open(record, NULL)) {
		record_failed(record);
		return;
	}
	/* Again after a short write: only then is it known why it was short. */
	while (done < record->buffer.len && !failed) {
		ssize_t n =
		    write(record->fd, record->buffer.data + done, record->buffer.len - done);

		if (n > 0)
			done += (size_t)n;
		else
			failed = n == 0 || errno != EINTR;
	}
	if (failed)
		record_failed(record);
	record_written(record, done);
	if (!failed)
		record_recovered(record);
}

bool
record_may_send(const struct record *record)
{
	return !record->must || record->buffer.len < RECORD_BUFFER_MOST;
}
