#include "worker/resolve/mx.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "tests/unit/unit.h"
#include "tests/unit/worker/resolve/packet.h"
#include "tests/unit/worker/resolve/server.h"
#include "worker/resolve/resolve.h"

static struct event_base *base;
static struct server *server;
static struct resolve *resolve;

/* What a domain's MX records are, and what becomes of them. */
static const struct mx_case {
	const char *domain;
	unsigned flags;
	const char *records; /* "preference host, ...", behind "alias > " if there is one */
	enum resolve_mx_kind kind;
	bool secure;
	const char *hosts;   /* "preference host, ..." */
	const char *dropped; /* "preference name reason, ..." */
} cases[] = {
    {"one.test", 0, "10 mx.one.test", RESOLVE_MX_FOUND, false, "10 mx.one.test", ""},
    {"One.TEST.", PACKET_AD, "10 MX.one.test", RESOLVE_MX_FOUND, true, "10 mx.one.test", ""},
    {"sorted.test", 0, "20 c.test, 5 b.test, 10 z.test, 5 a.test, 0 d.test", RESOLVE_MX_FOUND,
     false, "0 d.test, 5 b.test, 5 a.test, 10 z.test, 20 c.test", ""},
    {"twice.test", 0, "20 a.test, 10 b.test, 10 A.test, 30 a.test", RESOLVE_MX_FOUND, false,
     "10 b.test, 10 a.test", "20 a.test is a duplicate, 30 a.test is a duplicate"},
    {"null.test", PACKET_AD, "0 .", RESOLVE_MX_NULL, true, "", ""},
    {"null10.test", 0, "10 .", RESOLVE_MX_NULL, false, "", ""},
    {"halfnull.test", 0, "0 ., 10 a.test", RESOLVE_MX_FOUND, false, "10 a.test",
     "0 . says \"no mail\" beside other records"},
    {"ip.test", 0, "10 192.0.2.1, 20 a.test, 30 w ird.test", RESOLVE_MX_FOUND, false, "20 a.test",
     "10 192.0.2.1 is an address, not a name, 30 w\\032ird.test is not a host name"},
    {"allip.test", 0, "10 192.0.2.1", RESOLVE_MX_UNUSABLE, false, "",
     "10 192.0.2.1 is an address, not a name"},
    {"alias.test", 0, "real.test > 10 mx.real.test", RESOLVE_MX_FOUND, false, "10 mx.real.test",
     ""},
    {"aliasnone.test", 0, "real.test >", RESOLVE_MX_IMPLICIT, false, "0 aliasnone.test", ""},
    {"none.test", PACKET_AD, "", RESOLVE_MX_IMPLICIT, true, "0 none.test", ""},
    {"nx.test", 3, "", RESOLVE_MX_NXDOMAIN, false, "", ""},
    {"servfail.test", 2, "", RESOLVE_MX_TEMPORARY, false, "", ""},
    {"refused.test", 5, "", RESOLVE_MX_TEMPORARY, false, "", ""},
    {"silent.test", 99, "", RESOLVE_MX_TEMPORARY, false, "", ""},
    {"b\xc3\xbc.test", 0, "", RESOLVE_MX_BAD_NAME, false, "", ""},
    {"", 0, "", RESOLVE_MX_BAD_NAME, false, "", ""},
    {"[192.0.2.1]", 0, "", RESOLVE_MX_BAD_NAME, false, "", ""},
};

static enum server_act
on_question(const struct server_question *question, struct packet *reply, void *arg)
{
	const struct mx_case *row = arg;
	const char *at = strchr(row->records, '>');
	char owner[256], host[64];
	unsigned preference;

	/* When nobody says anything, one more question asks whether anybody is there. */
	if (row->flags == 99) {
		ck_assert(question->type == RESOLVE_MX || strcmp(question->name, "localhost") == 0);
		return SERVER_SILENCE;
	}
	ck_assert_uint_eq(question->type, RESOLVE_MX);
	packet_begin(reply, question->id, row->flags, question->name, question->type);
	snprintf(owner, sizeof(owner), "%s", question->name);
	if (at) {
		snprintf(owner, sizeof(owner), "%.*s", (int)(at - row->records - 1), row->records);
		packet_cname(reply, question->name, 100, owner);
	}
	at = at ? at + 1 : row->records;
	while (sscanf(at, " %u %63[^,]", &preference, host) == 2) {
		packet_mx(reply, owner, 300, preference,
			  strcmp(row->domain, "ip.test") == 0 && preference == 10 ? "192.0.2.1"
										  : host);
		at += strcspn(at, ",");
		at += *at == ',';
	}
	return SERVER_REPLY;
}

struct result {
	bool called;
	enum resolve_mx_kind kind;
	bool secure;
	struct str hosts;
	struct str dropped;
	struct str domain;
	struct str detail;
};

static void
on_hosts(const struct resolve_mx_answer *answer, void *arg)
{
	struct result *result = arg;

	ck_assert(!result->called);
	result->called = true;
	result->kind = answer->kind;
	result->secure = answer->secure;
	for (size_t i = 0; i < answer->count; i++)
		str_printf(&result->hosts, "%s%u %s", i ? ", " : "", answer->hosts[i].preference,
			   answer->hosts[i].name);
	for (size_t i = 0; i < answer->dropped_count; i++)
		str_printf(&result->dropped, "%s%u %s %s", i ? ", " : "",
			   answer->dropped[i].preference, answer->dropped[i].name,
			   answer->dropped[i].reason);
	str_text(&result->domain, answer->domain);
	str_text(&result->detail, answer->detail);
}

static void
result_free(struct result *result)
{
	str_free(&result->hosts);
	str_free(&result->dropped);
	str_free(&result->domain);
	str_free(&result->detail);
}

static void
open_world(const struct mx_case *row)
{
	struct resolve_config config = {.count = 1, .attempts = 2};
	union {
		const struct mx_case *in;
		void *out;
	} arg = {.in = row};

	config.timeout_ms = row->flags == 99 ? 50 : 5000;
	base = event_base_new();
	server = server_new(base, on_question, arg.out);
	config.servers[0] = *server_address(server);
	resolve = resolve_new(base, &config, NULL);
	ck_assert_ptr_nonnull(resolve);
}

static void
teardown(void)
{
	resolve_free(&resolve);
	server_free(&server);
	if (base)
		event_base_free(base);
}

START_TEST(test_mx_case)
{
	const struct mx_case *row = &cases[_i];
	struct result result = {0};

	open_world(row);
	ck_assert_ptr_nonnull(resolve_mx_start(resolve, row->domain, on_hosts, &result));
	ck_assert(!result.called);
	while (!result.called)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_str_eq(resolve_mx_kind_text(result.kind), resolve_mx_kind_text(row->kind));
	ck_assert_int_eq(result.secure, row->secure);
	ck_assert_str_eq(str_c(&result.hosts), row->hosts);
	ck_assert_str_eq(str_c(&result.dropped), row->dropped);
	ck_assert_str_ne(str_c(&result.detail), "");
	if (_i == 1)
		ck_assert_str_eq(str_c(&result.domain), "one.test");
	result_free(&result);
}
END_TEST

static void
on_nothing(evutil_socket_t fd, short what, void *arg)
{
}

START_TEST(test_mx_cancel)
{
	struct timeval soon = {.tv_usec = 50000};
	struct result result = {0};
	struct resolve_mx *mx;

	open_world(&cases[0]);
	mx = resolve_mx_start(resolve, "one.test", on_hosts, &result);
	resolve_mx_cancel(&mx);
	ck_assert_ptr_null(mx);
	resolve_mx_cancel(&mx);
	mx = resolve_mx_start(resolve, "one.test", on_hosts, &result);
	while (server_udp_count(server) == 0)
		event_base_loop(base, EVLOOP_ONCE);
	resolve_mx_cancel(&mx);
	event_base_once(base, -1, EV_TIMEOUT, on_nothing, NULL, &soon);
	event_base_loopexit(base, &soon);
	event_base_dispatch(base);
	ck_assert(!result.called);
	result_free(&result);
}
END_TEST

static Suite *
mx_suite(void)
{
	Suite *suite = suite_create("resolve/mx");
	TCase *tcase = tcase_create("mx");

	tcase_set_timeout(tcase, 20);
	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_loop_test(tcase, test_mx_case, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, test_mx_cancel);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(mx_suite)
