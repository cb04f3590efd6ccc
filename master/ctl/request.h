#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/proto/control.h"

/*
 * One question and its answer. A command sends rows and ends the request exactly once, at once or
 * later; the request and its arena live until then. When the client has gone, rows go nowhere and
 * the command may find out by ctl_request_is_gone().
 */
struct arena;
struct channel;
struct core;
struct ctl_request;
struct store_view_column;

/* Called when the client has taken what was sent, until the request ends. */
typedef void (*ctl_resume_fn)(struct ctl_request *request);
/* Called when the request is freed, for what is not in its arena. */
typedef void (*ctl_cleanup_fn)(void *state);

struct ctl_request {
	struct core *core;
	struct arena *arena;
	struct proto_command command; /* the words, in the arena */
	struct ctl_peer *peer;        /* NULL: the client has gone */
	ctl_resume_fn resume;         /* set by commands that send much */
	void *state;                  /* the command's own */
};

void ctl_request_row(struct ctl_request *request, const struct proto_row *row);
/* A row whose columns are those of a view; names in times end in "_at". */
void ctl_request_view(struct ctl_request *request, const char *table,
		      const struct store_view_column *columns, size_t count);
/* More was sent than the client has taken: set resume, and go on then. */
bool ctl_request_is_full(const struct ctl_request *request);
bool ctl_request_is_gone(const struct ctl_request *request);
/* The answer is complete; status is the client's exit status. Frees the request. */
void ctl_request_end(struct ctl_request *request, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Values for rows. */
struct proto_value ctl_request_integer(const char *name, int64_t value);
struct proto_value ctl_request_text(const char *name, const char *text);
struct proto_value ctl_request_time(const char *name, int64_t seconds);
struct proto_value ctl_request_typed(const char *name, enum proto_value_type type, int64_t value);

/* The handlers, one file each. */
#define COMMAND(name, reading, usage, meaning) void ctl_##name(struct ctl_request *request);
#include "common/tbl/command.def"
#undef COMMAND
