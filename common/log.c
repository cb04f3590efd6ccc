#include "common/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/why.h"

enum { LOG_LINE = 4096 };

static const struct {
	const char *name;
	int priority;
} log_levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

static struct {
	const char *name;
	enum log_level level;
	int fd;
	bool syslog;
	log_sink_fn sink;
	void *sink_arg;
} log_state = {.name = "postrider", .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

void
log_set_name(const char *name)
{
	log_state.name = name;
}

void
log_set_level(enum log_level level)
{
	log_state.level = level;
}

static void
log_close(void)
{
	if (log_state.fd != STDERR_FILENO)
		close(log_state.fd);
	if (log_state.syslog)
		closelog();
	log_state.fd = STDERR_FILENO;
	log_state.syslog = false;
}

bool
log_open(const char *target, struct why *why)
{
	int fd;

	if (strcmp(target, "stderr") == 0) {
		log_close();
		return true;
	}
	if (strcmp(target, "syslog") == 0) {
		log_close();
		openlog(log_state.name, LOG_PID | LOG_NDELAY, LOG_MAIL);
		log_state.syslog = true;
		return true;
	}
	fd = open(target, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0) {
		why_errno(why, "cannot open the log %s", target);
		return false;
	}
	log_close();
	log_state.fd = fd;
	return true;
}

void
log_set_sink(log_sink_fn sink, void *arg)
{
	log_state.sink = sink;
	log_state.sink_arg = arg;
}

bool
log_wants(enum log_level level)
{
	return level <= log_state.level;
}

static void
log_write(enum log_level level, const char *text)
{
	char line[LOG_LINE + 128];
	char stamp[CLOCK_TEXT];
	int len;

	len = snprintf(line, sizeof(line), "%s %s %s[%d]: %s\n", clock_iso(stamp, clock_wall_ms()),
		       log_levels[level].name, log_state.name, (int)getpid(), text);
	if (len >= (int)sizeof(line)) {
		len = (int)sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	/* A log that cannot be written has nowhere to say so; the record has its own rules. */
	if (write(log_state.fd, line, (size_t)len) < 0)
		return;
}

void
log_line(enum log_level level, const char *line)
{
	if (!log_wants(level))
		return;
	if (log_state.sink != NULL)
		log_state.sink(level, line, log_state.sink_arg);
	else if (log_state.syslog)
		syslog(log_levels[level].priority, "%s", line);
	else
		log_write(level, line);
}

__attribute__((format(printf, 2, 0))) static void
log_format(enum log_level level, const char *format, va_list ap)
{
	char text[LOG_LINE];

	if (!log_wants(level))
		return;
	vsnprintf(text, sizeof(text), format, ap);
	log_line(level, text);
}

#define LOG_FUNCTION(name, level)              \
	void name(const char *format, ...)     \
	{                                      \
		va_list ap;                    \
                                               \
		va_start(ap, format);          \
		log_format(level, format, ap); \
		va_end(ap);                    \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
log_die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_format(LOG_LEVEL_ERROR, format, ap);
	va_end(ap);
	exit(EX_OSERR);
}
