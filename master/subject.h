#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * A message on its way to one domain, as the expressions of the settings see it where the master
 * evaluates them: at intake, when a job leaves, when an attempt has failed.
 */
struct expr_env;
struct subject;

/* Zeroed where not known. */
struct subject_facts {
	struct slice sender;
	struct slice rcpt_domain; /* lower case */
	const struct slice *recipients;
	size_t recipient_count;
	int priority;
	int64_t size;
	unsigned retry_num;
	unsigned notify_num;
	int64_t expires_at; /* seconds since the epoch; 0: not known */
	struct slice last_status;
	struct slice last_error; /* empty: none */
	struct slice last_tls_error;
};

/* The texts of facts must stay while the subject is used. */
struct subject *subject_new(const struct subject_facts *facts);
void subject_free(struct subject **subject);
struct expr_env *subject_env(struct subject *subject);
