#pragma once

#include <stdarg.h>
#include <stdbool.h>

/*
 * One event, one line: "time level program[pid]: text", UTC. Text of strangers goes through
 * str_printable() before it comes here. Standard error until log_open(); a worker gives its lines
 * to the master with log_set_sink(). Nothing here waits for the network.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct why;

/* Receives whole lines without time, level or newline. */
typedef void (*log_sink_fn)(enum log_level level, const char *line, void *arg);

/* "postriderd", "postrider-worker deliver/1"; kept, not copied. */
void log_set_name(const char *name);
void log_set_level(enum log_level level);
/* "stderr", "syslog" or a path, opened for appending. Also reopens after a rotation. */
bool log_open(const char *target, struct why *why);
void log_set_sink(log_sink_fn sink, void *arg);
/* True when a line of this level would be written: lets callers skip the formatting. */
bool log_wants(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line at a level known at run time, already formatted. */
void log_line(enum log_level level, const char *line);

/* Hopeless: logs and ends the process with status 71 (EX_OSERR). */
void log_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
