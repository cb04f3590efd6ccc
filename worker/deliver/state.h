#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/list.h"

/*
 * The deliver role as one object, shared by the files of this folder.
 */
struct channel;
struct deliver_family;
struct deliver_pool;
struct event_base;
struct map;
struct resolve;
struct settings_bundle;

struct deliver {
	struct event_base *base;
	struct channel *channel;
	const struct settings_bundle *bundle;
	struct resolve *resolve;
	struct deliver_pool *pool;
	struct map *jobs;      /* id -> deliver_job */
	struct map *explained; /* request -> deliver_job of an explanation */
	struct deliver_family *family;
	struct map *openings;     /* smtp_session not yet greeted -> deliver_job */
	struct list ended;        /* jobs that are over, freed at the end of the turn */
	struct event *sweep;      /* frees them; and says that the role is drained */
	char *ehlo;               /* the EHLO name when it is the same for all; else NULL */
	const char *own_names[3]; /* this server's: hostname, constant EHLO name; NULL-terminated */
	uint64_t messages;        /* delivered */
	bool retiring;            /* jobs that come now go straight back */
	void (*drained)(void *arg); /* NULL: not retiring, or called already */
	void *drained_arg;
};
