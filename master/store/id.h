#pragma once

#include <stdbool.h>
#include <stdint.h>

struct store;
struct why;

/*
 * Numbers for new rows and jobs, handed out from memory and never twice, whatever was deleted in
 * between and however the last master ended. The table `counter` holds a bound above every number
 * handed out; it is raised in the turns' own transactions well before it is reached.
 */
enum store_id_kind {
	STORE_ID_MESSAGE,
	STORE_ID_DELIVERY,
	STORE_ID_RECIPIENT,
	STORE_ID_LANE,
	STORE_ID_DOMAIN,
	STORE_ID_CLASS,
	STORE_ID_SEGMENT,
	STORE_ID_JOB,
	STORE_ID_KINDS
};

struct store_id {
	int64_t next;     /* the number given next */
	int64_t reserved; /* the bound that is written down */
	int64_t raising;  /* the bound in the running transaction; 0: none */
};

/* A fresh number > 0. Never fails; needs no transaction. */
int64_t store_id_next(struct store *store, enum store_id_kind kind);

/*
 * For the turn: true when a bound should be raised soon; raises inside the running transaction;
 * tells how that transaction ended.
 */
bool store_id_wants_raise(const struct store *store);
bool store_id_raise(struct store *store, struct why *why);
void store_id_settled(struct store *store, bool committed);

/* For opening and closing: reads the bounds and reserves; writes back what was not used. */
bool store_id_load(struct store *store, struct why *why);
bool store_id_give_back(struct store *store, struct why *why);
