#pragma once

#include <stdbool.h>

#include "master/store/selector.h"

/*
 * The words of a command: SELECTOR and options, as in postrider(8).
 */
struct ctl_request;
struct why;

struct ctl_selector {
	struct store_selector selector; /* its texts are in the request's arena */
	long limit;                     /* --limit, 0: none */
	bool dry_run;
	bool given; /* something is selected */
};

/* All words behind the command's name; false: a word is not understood. */
bool ctl_selector_parse(struct ctl_request *request, struct ctl_selector *selector,
			struct why *why);
