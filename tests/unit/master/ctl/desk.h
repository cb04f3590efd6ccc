#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/core.h"
#include "tests/unit/master/door.h"

/*
 * The control socket over a real queue, with the few things of core.c that commands use, and its
 * clients: one request at a time, read as slowly as a test wants. One thread does both sides.
 * Everything fails the test when it fails.
 */
struct generation;

struct desk {
	struct door door;
	struct core core;
	struct generation *generation;
	char path[160]; /* of the socket */
};

/* What a client got. */
struct desk_answer {
	size_t rows;
	size_t deliveries; /* rows of the table "delivery" */
	int64_t last_id;   /* the last one's delivery_id: they must rise */
	char tables[256];  /* each table's name where it begins, separated by spaces */
	char all[8192];    /* "table.column=value" of rows that are not deliveries, and lines */
	bool ended;
	bool closed;
	int status;
	char text[4200];
};

void desk_open(struct desk *desk);
void desk_close(struct desk *desk);
/* So many messages to a.example, b.example and c.example in turn, committed. */
void desk_fill(struct desk *desk, int messages);

int desk_connect(const struct desk *desk);
/* Words separated by single spaces. */
void desk_say(int client, const char *words);
void desk_say_bytes(int client, const void *data, size_t len);
/* The daemon's loop, until nothing moves. */
void desk_run(struct desk *desk);
/* What has come so far is added to the answer. */
void desk_read(int client, struct desk_answer *answer);
/* Both, until the answer ended or the daemon closed. */
void desk_finish(struct desk *desk, int client, struct desk_answer *answer);
/* A client of its own asks this. */
struct desk_answer desk_ask(struct desk *desk, const char *words);
