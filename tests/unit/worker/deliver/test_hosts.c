#include <string.h>

#include "tests/unit/unit.h"
#include "tests/unit/worker/deliver/stage.h"

/*
 * What single failures of hosts and addresses come to: design rules of settings and delivery, one
 * row each. Peers are named by the last number of their address; those above 128 are IPv6.
 */
enum { V6 = 128, SAYS = 6, COUNTS = 4 };

struct row {
	const char *name;
	const char *settings;
	const char *domain;
	struct {
		unsigned peer; /* 0: no more */
		enum peer_step step;
		const char *script; /* NULL: it only listens */
	} says[SAYS];
	enum outcome_class class;
	enum outcome_step step;
	const char *enhanced; /* NULL: any */
	const char *host;     /* NULL: any */
	const char *text;     /* in the reply; NULL: any */
	struct {
		unsigned peer;
		size_t connections;
	} counts[COUNTS];
	bool local;
	bool unknown;
};

#define LISTENS(n)                     \
	{                              \
		n, PEER_GREETING, NULL \
	}
#define TWO                 LISTENS(20), LISTENS(21), LISTENS(22)
#define DELIVERED           .class = OUTCOME_DELIVERED, .step = OUTCOME_STEP_DOT
#define TEMPORARY(at, code) .class = OUTCOME_TEMPORARY, .step = OUTCOME_STEP_##at, .enhanced = code
#define PERMANENT(at, code) .class = OUTCOME_PERMANENT, .step = OUTCOME_STEP_##at, .enhanced = code
#define SHORT(step)         "queue.outbound.timeouts." step " = \"200ms\"\n"
#define V4_ONLY             "queue.outbound.ip-strategy = \"ipv4_only\"\n"

static const struct row rows[] = {
    {.name = "plain",
     .domain = "one.test",
     .says = {LISTENS(10)},
     DELIVERED,
     .host = "mx.one.test",
     .counts = {{10, 1}}},
    {.name = "null MX", .domain = "null.test", PERMANENT(MX, "5.1.10")},
    {.name = "NXDOMAIN", .domain = "gone.test", PERMANENT(MX, "5.1.2")},
    {.name = "no name", .domain = "a..b", PERMANENT(MX, "5.1.2")},
    {.name = "SERVFAIL", .domain = "servfail.test", TEMPORARY(MX, "4.4.3")},
    {.name = "DNS silent", .domain = "silent.test", TEMPORARY(MX, "4.4.3")},
    {.name = "family missing",
     .settings = V4_ONLY,
     .domain = "v6only.test",
     TEMPORARY(ADDRESS, "4.4.4"),
     .host = "mx.v6only.test",
     .text = "ipv4_only"},
    {.name = "second family",
     .domain = "v6only.test",
     .says = {LISTENS(V6 + 10)},
     DELIVERED,
     .counts = {{V6 + 10, 1}}},
    {.name = "loopback only",
     .domain = "loop.test",
     PERMANENT(ADDRESS, "5.4.6"),
     .host = "mx.loop.test"},
    {.name = "loopback first",
     .domain = "loopfirst.test",
     .says = {LISTENS(10)},
     DELIVERED,
     .host = "mx.one.test"},
    {.name = "this server first",
     .domain = "self.test",
     .says = {LISTENS(10)},
     PERMANENT(MX, "5.4.6"),
     .counts = {{10, 0}}},
    {.name = "EHLO name second",
     .settings = "queue.outbound.hostname = \"'out.example.org'\"\n",
     .domain = "selfsecond.test",
     .says = {LISTENS(22)},
     TEMPORARY(CONNECT, "4.4.1"),
     .counts = {{22, 0}}},
    {.name = "own address",
     .domain = "ownaddress.test",
     .says = {LISTENS(10)},
     PERMANENT(ADDRESS, "5.4.6"),
     .counts = {{10, 0}}},
    {.name = "no MX",
     .domain = "implicit.test",
     .says = {LISTENS(10)},
     DELIVERED,
     .host = "implicit.test"},
    {.name = "dead host first", .domain = "deadfirst.test", .says = {LISTENS(10)}, DELIVERED},
    {.name = "only dead hosts", .domain = "deadall.test", PERMANENT(ADDRESS, "5.1.2")},
    {.name = "broken host first", .domain = "badfirst.test", .says = {LISTENS(10)}, DELIVERED},
    {.name = "broken and refused", .domain = "badfirst.test", TEMPORARY(ADDRESS, "4.4.3")},
    {.name = "both families empty", .domain = "empty.test", PERMANENT(ADDRESS, "5.1.2")},
    {.name = "one family empty",
     .settings = V4_ONLY,
     .domain = "empty.test",
     TEMPORARY(ADDRESS, "4.4.4")},
    {.name = "refused",
     .domain = "one.test",
     TEMPORARY(CONNECT, "4.4.1"),
     .host = "mx.one.test",
     .text = "192.0.2.10:25"},
    {.name = "no way there", .domain = "away.test", TEMPORARY(CONNECT, "4.4.1")},
    {.name = "greeting 554",
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "554 you are not liked"}, LISTENS(21)},
     DELIVERED,
     .counts = {{20, 1}, {21, 1}}},
    {.name = "greeting 554 everywhere",
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "554 a"},
	      {21, PEER_GREETING, "554 b"},
	      {22, PEER_GREETING, "554 c"}},
     TEMPORARY(GREETING, NULL),
     .text = "a",
     .counts = {{20, 1}, {21, 1}, {22, 1}}},
    {.name = "greeting 554 bounces",
     .settings = "queue.outbound.greeting-5xx = \"bounce\"\n",
     .domain = "one.test",
     .says = {{10, PEER_GREETING, "554 no"}},
     PERMANENT(GREETING, NULL)},
    {.name = "greeting 521",
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "521 no mail here"}, LISTENS(21), LISTENS(22)},
     DELIVERED,
     .host = "b.two.test",
     .counts = {{21, 0}, {22, 1}}},
    {.name = "greeting 521 alone",
     .domain = "one.test",
     .says = {{10, PEER_GREETING, "521 no mail here"}},
     PERMANENT(GREETING, NULL)},
    {.name = "greeting 421",
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "421 busy"}, LISTENS(21)},
     DELIVERED,
     .counts = {{21, 1}}},
    {.name = "greeting silent",
     .settings = SHORT("greeting"),
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "SILENT"}, LISTENS(21)},
     DELIVERED,
     .counts = {{21, 1}}},
    {.name = "greeting closed",
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "CLOSE"}, LISTENS(21)},
     DELIVERED,
     .counts = {{21, 1}}},
    {.name = "greeting garbage",
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "hello there"}, LISTENS(21)},
     DELIVERED,
     .counts = {{21, 1}}},
    {.name = "EHLO 421",
     .domain = "two.test",
     .says = {{20, PEER_EHLO, "421 busy"}, LISTENS(21)},
     DELIVERED,
     .counts = {{21, 1}}},
    {.name = "EHLO silent",
     .settings = SHORT("ehlo"),
     .domain = "one.test",
     .says = {{10, PEER_EHLO, "SILENT"}},
     TEMPORARY(EHLO, "4.4.2")},
    {.name = "HELO",
     .domain = "one.test",
     .says = {{10, PEER_EHLO, "502 what"}},
     DELIVERED,
     .counts = {{10, 1}}},
    {.name = "HELO 500 everywhere",
     .domain = "one.test",
     .says = {{10, PEER_EHLO, "502 what"}, {10, PEER_HELO, "500 what"}},
     TEMPORARY(EHLO, NULL)},
    {.name = "temporary over permanent",
     .domain = "two.test",
     .says = {{20, PEER_GREETING, "521 no"}},
     TEMPORARY(CONNECT, "4.4.1"),
     .host = "b.two.test"},
    {.name = "a reply over none",
     .domain = "two.test",
     .says = {{22, PEER_GREETING, "421 busy"}},
     TEMPORARY(GREETING, NULL),
     .host = "b.two.test"},
    {.name = "MAIL 451",
     .domain = "two.test",
     .says = {{20, PEER_MAIL, "451 later"}, LISTENS(22)},
     TEMPORARY(MAIL, NULL),
     .counts = {{22, 0}}},
    {.name = "MAIL 550",
     .domain = "two.test",
     .says = {{20, PEER_MAIL, "550 no"}, LISTENS(22)},
     PERMANENT(MAIL, NULL),
     .counts = {{22, 0}}},
    {.name = "MAIL closed",
     .domain = "two.test",
     .says = {{20, PEER_MAIL, "CLOSE"}, LISTENS(21), LISTENS(22)},
     DELIVERED,
     .counts = {{21, 0}, {22, 1}}},
    {.name = "MAIL closed, alone",
     .domain = "one.test",
     .says = {{10, PEER_MAIL, "CLOSE"}},
     TEMPORARY(MAIL, "4.4.2"),
     .host = "mx.one.test"},
    {.name = "RCPT 450",
     .domain = "one.test",
     .says = {{10, PEER_RCPT, "450 4.2.1 later"}},
     TEMPORARY(RCPT, "4.2.1")},
    {.name = "RCPT 550",
     .domain = "one.test",
     .says = {{10, PEER_RCPT, "550 5.1.1 who"}},
     PERMANENT(RCPT, "5.1.1"),
     .host = "mx.one.test"},
    {.name = "RCPT 421",
     .domain = "two.test",
     .says = {{20, PEER_RCPT, "421 bye{CLOSE}"}, LISTENS(22)},
     DELIVERED,
     .counts = {{22, 1}}},
    {.name = "DATA 451",
     .domain = "two.test",
     .says = {{20, PEER_DATA, "451 later"}, LISTENS(22)},
     TEMPORARY(DATA, NULL),
     .counts = {{22, 0}}},
    {.name = "DATA closed",
     .domain = "two.test",
     .says = {{20, PEER_DATA, "CLOSE"}, LISTENS(22)},
     DELIVERED,
     .counts = {{22, 1}}},
    {.name = "message 554",
     .domain = "one.test",
     .says = {{10, PEER_DOT, "554 5.7.1 spam"}},
     PERMANENT(DOT, "5.7.1")},
    {.name = "message 451",
     .domain = "two.test",
     .says = {{20, PEER_DOT, "451 full"}, LISTENS(22)},
     TEMPORARY(DOT, NULL),
     .counts = {{22, 0}}},
    {.name = "message closed",
     .domain = "two.test",
     .says = {{20, PEER_DOT, "CLOSE"}, LISTENS(21), LISTENS(22)},
     TEMPORARY(DOT, "4.4.2"),
     .counts = {{20, 1}, {21, 0}, {22, 0}},
     .unknown = true},
    {.name = "message silent",
     .settings = SHORT("data"),
     .domain = "two.test",
     .says = {{20, PEER_DOT, "SILENT"}, LISTENS(22)},
     TEMPORARY(DOT, "4.4.2"),
     .counts = {{22, 0}},
     .unknown = true},
    {.name = "literal",
     .domain = "[192.0.2.10]",
     .says = {LISTENS(10)},
     DELIVERED,
     .host = "192.0.2.10"},
    {.name = "v6 literal", .domain = "[IPv6:2001:db8::10]", .says = {LISTENS(V6 + 10)}, DELIVERED},
    {.name = "literal loopback", .domain = "[127.0.0.1]", PERMANENT(ADDRESS, "5.4.6")},
    {.name = "v6 literal loopback", .domain = "[IPv6:::1]", PERMANENT(ADDRESS, "5.4.6")},
    {.name = "literal of ours", .domain = "[192.0.2.200]", PERMANENT(ADDRESS, "5.4.6")},
    {.name = "literal multicast", .domain = "[224.0.0.1]", PERMANENT(ADDRESS, "5.1.2")},
    {.name = "no literal",
     .domain = "[IPv6:192.0.2.10]",
     .says = {LISTENS(10)},
     PERMANENT(MX, "5.1.2"),
     .counts = {{10, 0}}},
    {.name = "limits.mx",
     .settings = "queue.outbound.limits.mx = 1\n",
     .domain = "two.test",
     .says = {LISTENS(22)},
     TEMPORARY(CONNECT, "4.4.1"),
     .counts = {{22, 0}}},
    {.name = "limits.multihomed",
     .settings = "queue.outbound.limits.multihomed = 1\n",
     .domain = "two.test",
     .says = {LISTENS(21), LISTENS(22)},
     DELIVERED,
     .counts = {{21, 0}, {22, 1}}},
    {.name = "IPv4 first",
     .domain = "dual.test",
     .says = {LISTENS(30), LISTENS(V6 + 30)},
     DELIVERED,
     .counts = {{30, 1}, {V6 + 30, 0}}},
    {.name = "IPv4 dead",
     .domain = "dual.test",
     .says = {LISTENS(V6 + 30)},
     DELIVERED,
     .counts = {{V6 + 30, 1}}},
    {.name = "IPv6 first",
     .settings = "queue.outbound.ip-strategy = \"ipv6_then_ipv4\"\n",
     .domain = "dual.test",
     .says = {LISTENS(30), LISTENS(V6 + 30)},
     DELIVERED,
     .counts = {{30, 0}, {V6 + 30, 1}}},
    {.name = "IPv6 only",
     .settings = "queue.outbound.ip-strategy = \"ipv6_only\"\n",
     .domain = "dual.test",
     .says = {LISTENS(30)},
     TEMPORARY(CONNECT, "4.4.1"),
     .counts = {{30, 0}}},
    {.name = "bind",
     .settings = "queue.outbound.source-ip.v4 = [\"198.51.100.7\"]\n",
     .domain = "two.test",
     .says = {TWO},
     TEMPORARY(BIND, "4.3.5"),
     .text = "198.51.100.7",
     .counts = {{20, 0}, {21, 0}, {22, 0}},
     .local = true},
    {.name = "bind, then the other family",
     .settings = "queue.outbound.source-ip.v4 = [\"198.51.100.7\"]\n",
     .domain = "dual.test",
     .says = {LISTENS(30), LISTENS(V6 + 30)},
     DELIVERED,
     .counts = {{30, 0}, {V6 + 30, 1}}},
    {.name = "refused over bind",
     .settings = "queue.outbound.source-ip.v4 = [\"198.51.100.7\"]\n",
     .domain = "dual.test",
     .says = {LISTENS(30)},
     TEMPORARY(CONNECT, "4.4.1"),
     .counts = {{30, 0}}},
    {.name = "relay unknown",
     .settings = "",
     .domain = "@lost",
     TEMPORARY(ROUTE, "4.3.5"),
     .local = true},
    {.name = "relay",
     .settings = "remote.r.address = \"192.0.2.40\"\nremote.r.port = 25\n",
     .domain = "@r",
     .says = {LISTENS(40)},
     DELIVERED,
     .counts = {{40, 1}}},
    {.name = "relay gone",
     .settings = "remote.r.address = \"gone.test\"\n",
     .domain = "@r",
     TEMPORARY(ADDRESS, "4.4.4")},
    {.name = "relay on loopback",
     .settings = "remote.r.address = \"127.0.0.1\"\nremote.r.port = 1\n",
     .domain = "@r",
     TEMPORARY(CONNECT, "4.4.1")},
};

static struct peer *
peer_of(struct stage *stage, unsigned n)
{
	return n >= V6 ? stage_peer_v6(stage, n - V6) : stage_peer(stage, n);
}

static void
check_row(const struct row *row, const struct stage_result *result)
{
	char enhanced[OUTCOME_ENHANCED_TEXT];
	const struct outcome *outcome = &result->outcome;

	outcome_enhanced_text(enhanced, outcome->enhanced);
	ck_assert_msg(outcome->class == row->class && outcome->step == row->step &&
			  outcome->local == row->local && outcome->unknown == row->unknown,
		      "%s: %s %s %s%s%s: %s", row->name, outcome_class_name(outcome->class),
		      outcome_step_name(outcome->step), enhanced, outcome->local ? " local" : "",
		      outcome->unknown ? " unknown" : "", result->reply);
	if (row->enhanced != NULL)
		ck_assert_msg(strcmp(row->enhanced, enhanced) == 0, "%s: %s", row->name, enhanced);
	if (row->host != NULL)
		ck_assert_msg(strcmp(row->host, result->host) == 0, "%s: %s", row->name,
			      result->host);
	if (row->text != NULL)
		ck_assert_msg(strstr(result->reply, row->text) != NULL, "%s: %s", row->name,
			      result->reply);
	ck_assert_msg(outcome->class == OUTCOME_DELIVERED || result->reply[0] != '\0', "%s",
		      row->name);
}

START_TEST(test_hosts)
{
	const struct row *row = &rows[_i];
	struct stage *stage = stage_new(row->settings ? row->settings : "");
	struct proto_job job;

	for (int i = 0; i < SAYS && row->says[i].peer != 0; i++)
		peer_say(peer_of(stage, row->says[i].peer), row->says[i].step, row->says[i].script);
	if (row->domain[0] == '@') {
		job = stage_job(stage, "one.test", 1);
		job.relay = slice_of(row->domain + 1);
	} else {
		job = stage_job(stage, row->domain, 1);
	}
	stage_send(stage, &job, -1);
	stage_wait_done(stage, 1);
	ck_assert_uint_eq(stage->result_count, 1);
	ck_assert_int_eq(stage->dones[0].kind, PROTO_DONE_FINISHED);
	check_row(row, &stage->results[0]);
	if (row->class != OUTCOME_DELIVERED)
		ck_assert_msg(stage->dones[0].hosts[0] != '\0', "%s", row->name);
	for (int i = 0; i < COUNTS && row->counts[i].peer != 0; i++)
		ck_assert_msg(peer_connections(peer_of(stage, row->counts[i].peer)) ==
				  row->counts[i].connections,
			      "%s: %zu connections to %u", row->name,
			      peer_connections(peer_of(stage, row->counts[i].peer)),
			      row->counts[i].peer);
	ck_assert(!stage->refused);
	stage_free(&stage);
}
END_TEST

/* Of a list the address that works is used, always; the EHLO name follows it. */
START_TEST(test_sources)
{
	struct stage *stage = stage_new(
	    "queue.outbound.source-ip.v4 = [\"198.51.100.7\", \"192.0.2.50\", \"192.0.2.51\"]\n"
	    "queue.outbound.connection.idle = 0\n"
	    "queue.outbound.hostname = [{ if = \"local_ip == '192.0.2.50'\", then = "
	    "\"'fifty.example.org'\" }, { else = \"'other.example.org'\" }]\n");
	struct peer *peer = stage_peer(stage, 10);
	unsigned fifty = 0;

	for (int i = 0; i < 40; i++) {
		const struct stage_result *result = stage_deliver(stage, "one.test");
		bool is_fifty = strcmp(peer_source(peer), "192.0.2.50") == 0;

		ck_assert_int_eq(result->outcome.class, OUTCOME_DELIVERED);
		ck_assert_str_eq(result->source, peer_source(peer));
		ck_assert_str_eq(result->ehlo, peer_name(peer));
		ck_assert_str_eq(peer_name(peer),
				 is_fifty ? "fifty.example.org" : "other.example.org");
		ck_assert(is_fifty || strcmp(peer_source(peer), "192.0.2.51") == 0);
		fifty += is_fifty;
	}
	ck_assert_uint_gt(fifty, 2);
	ck_assert_uint_lt(fifty, 38);
	ck_assert_uint_eq(peer_connections(peer), 40);
	stage_free(&stage);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("deliver: hosts");
	TCase *tcase = tcase_create("hosts");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, test_hosts, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_sources);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN_WHERE(stage_build(), suite)
