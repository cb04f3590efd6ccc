#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/block.h"
#include "common/settings/limiter.h"
#include "common/settings/print.h"
#include "common/settings/quota.h"
#include "common/settings/relay.h"
#include "tests/unit/common/settings/fixture.h"
#include "tests/unit/unit.h"

/* The variables of one delivery. */
struct delivery {
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct expr_env env;
};

static struct delivery *
delivery_new(int retry_num, const char *rcpt_domain)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));

	expr_scope_blank(delivery->variables);
	delivery->variables[EXPR_VAR_RETRY_NUM] = expr_value_integer(retry_num);
	delivery->variables[EXPR_VAR_RCPT_DOMAIN] = expr_value_text(slice_of(rcpt_domain));
	delivery->variables[EXPR_VAR_LOCAL_IP] = expr_value_text(slice_of("192.0.2.10"));
	delivery->env.variables = delivery->variables;
	delivery->env.arena = arena_new();
	return delivery;
}

static void
delivery_free(struct delivery *delivery)
{
	arena_free(&delivery->env.arena);
	free(delivery);
}

static void
assert_text(struct slice text, const char *wanted)
{
	ck_assert_msg(slice_is(text, wanted), "is %.*s, should be %s", SLICE_ARG(text), wanted);
}

/* Every code block of the two published pages. */
static const char published_strategy[] = "[queue.outbound]\n"
					 "ip-strategy = [ { if = \"retry_num == 0\", then = "
					 "\"ipv6_only\" }, \n"
					 "                { else = \"ipv4_only\" } ]\n";
static const char published_sources[] = "[queue.outbound.source-ip]\n"
					"v4 = \"['192.0.2.10', '192.0.2.11']\"\n"
					"v6 = \"['2001:db8::a', '2001:db8::b']\"\n";
static const char published_timeouts[] =
    "[queue.outbound.timeouts]\nconnect = \"3m\"\ngreeting = \"3m\"\ntls = \"2m\"\nehlo = \"3m\"\n"
    "mail-from = \"3m\"\nrcpt-to = \"3m\"\ndata = \"10m\"\nmta-sts = \"2m\"\n";
static const char *const published[] = {
    "[queue.outbound]\nip-strategy = \"ipv4_then_ipv6\"\n",
    published_strategy,
    published_sources,
    "[queue.outbound]\nhostname = \"'mx.example.org'\"\n",
    "[queue.outbound.limits]\nmx = 7\nmultihomed = 2\n",
    published_timeouts,
};

START_TEST(published_examples_load_without_a_word)
{
	struct fixture fixture = fixture_load_good(published[_i]);

	ck_assert_uint_eq(settings_complaint_count(fixture.complaints), 0);
	fixture_free(&fixture);
}
END_TEST

START_TEST(published_strategy_follows_the_attempt)
{
	struct fixture fixture = fixture_load_good(published[1]);
	struct delivery *first = delivery_new(0, "a.org");
	struct delivery *second = delivery_new(1, "a.org");
	struct settings_answer answer;
	int choice = 0;

	ck_assert_int_eq(settings_eval_choice(fixture.settings, SETTING_QUEUE_OUTBOUND_IP_STRATEGY,
					      &first->env, &choice),
			 EXPR_OK);
	ck_assert_int_eq(choice, SETTINGS_IPV6_ONLY);
	settings_eval(fixture.settings, SETTING_QUEUE_OUTBOUND_IP_STRATEGY, &second->env, &answer);
	ck_assert_int_eq(answer.integer, SETTINGS_IPV4_ONLY);
	ck_assert_uint_eq(answer.origin.rule, 1);
	ck_assert_uint_eq(answer.origin.rules, 1);
	ck_assert_uint_eq(answer.origin.line, 3);
	settings_eval(fixture.settings, SETTING_QUEUE_OUTBOUND_IP_STRATEGY, &first->env, &answer);
	ck_assert_uint_eq(answer.origin.rule, 0);
	ck_assert_uint_eq(answer.origin.line, 2);
	delivery_free(first);
	delivery_free(second);
	fixture_free(&fixture);
}
END_TEST

START_TEST(published_lists_and_numbers_have_their_values)
{
	struct fixture lists = fixture_load_good(published[2]);
	struct fixture name = fixture_load_good(published[3]);
	struct fixture limits = fixture_load_good(published[4]);
	struct fixture times = fixture_load_good(published[5]);
	struct delivery *delivery = delivery_new(0, "a.org");
	struct settings_answer answer;
	char text[NETADDR_TEXT];
	struct slice host;
	int64_t number;
	size_t count;

	settings_eval(lists.settings, SETTING_QUEUE_OUTBOUND_SOURCE_IP_V6, &delivery->env, &answer);
	ck_assert_uint_eq(answer.count, 2);
	ck_assert_str_eq(netaddr_text(text, &answer.addresses[1]), "2001:db8::b");
	settings_source_addresses(lists.settings, &count);
	ck_assert_uint_eq(count, 4);
	settings_eval_duration_ms(lists.settings, SETTING_QUEUE_OUTBOUND_HAPPY_EYEBALLS,
				  &delivery->env, &number);
	ck_assert_int_eq(number, 0);
	settings_eval_text(name.settings, SETTING_QUEUE_OUTBOUND_HOSTNAME, &delivery->env, &host);
	assert_text(host, "mx.example.org");
	settings_eval_count(limits.settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX, &delivery->env,
			    &number);
	ck_assert_int_eq(number, 7);
	settings_eval_duration_ms(times.settings, SETTING_QUEUE_OUTBOUND_TIMEOUTS_DATA,
				  &delivery->env, &number);
	ck_assert_int_eq(number, 600000);
	settings_eval_duration_ms(times.settings, SETTING_QUEUE_OUTBOUND_TIMEOUTS_MTA_STS,
				  &delivery->env, &number);
	ck_assert_int_eq(number, 120000);
	delivery_free(delivery);
	fixture_free(&lists);
	fixture_free(&name);
	fixture_free(&limits);
	fixture_free(&times);
}
END_TEST

/* What `check -v` says of a key: as a value of the file. */
static void
assert_shown(const struct fixture *fixture, const char *key, const char *value, const char *origin)
{
	struct str shown = {0};
	struct str line = {0};

	settings_print(fixture->settings, &shown);
	str_printf(&line, "%s%s = %s   # %s\n", "\n", key, value, origin);
	ck_assert_msg(strstr(str_c(&shown), str_c(&line)) != NULL ||
			  strncmp(str_c(&shown), str_c(&line) + 1, line.len - 1) == 0,
		      "no%sin\n%s", str_c(&line), str_c(&shown));
	str_free(&shown);
	str_free(&line);
}

/* Every key of the table once: its default as shown, another value, and that as shown. */
static const struct key {
	const char *key;
	const char *fallback;
	const char *given;
	const char *shown;
} keys[] = {
    {"queue.outbound.ip-strategy", "\"ipv4_then_ipv6\"", "\"'IPv6_only'\"", "\"ipv6_only\""},
    {"queue.outbound.source-ip.v4", "\"\"", "[\"192.0.2.1\"]", "[\"192.0.2.1\"]"},
    {"queue.outbound.source-ip.v6", "\"\"", "\"['2001:db8::1']\"", "[\"2001:db8::1\"]"},
    {"queue.outbound.hostname", "\"'mail.example.org'\"", "\"local_ip\"", "\"local_ip\""},
    {"queue.outbound.limits.mx", "5", "\"7\"", "7"},
    {"queue.outbound.limits.multihomed", "2", "3", "3"},
    {"queue.outbound.timeouts.connect", "\"5m\"", "\"1m30s\"", "\"1m30s\""},
    {"queue.outbound.timeouts.greeting", "\"5m\"", "\"2m * 2\"", "\"4m\""},
    {"queue.outbound.timeouts.tls", "\"3m\"", "\"'9s'\"", "\"9s\""},
    {"queue.outbound.timeouts.ehlo", "\"5m\"", "\"3m\"", "\"3m\""},
    {"queue.outbound.timeouts.mail-from", "\"5m\"", "\"3m\"", "\"3m\""},
    {"queue.outbound.timeouts.rcpt-to", "\"5m\"", "\"3m\"", "\"3m\""},
    {"queue.outbound.timeouts.data", "\"10m\"", "\"3m\"", "\"3m\""},
    {"queue.outbound.timeouts.mta-sts", "\"10m\"", "\"3m\"", "\"3m\""},
    {"queue.outbound.timeouts.attempt", "\"30m\"", "\"1h\"", "\"1h\""},
    {"queue.outbound.next-hop", "false", "\"'r'\"", "\"'r'\""},
    {"queue.outbound.tls.starttls", "\"optional\"", "\"require\"", "\"require\""},
    {"queue.outbound.tls.dane", "\"optional\"", "\"disable\"", "\"disable\""},
    {"queue.outbound.tls.mta-sts", "\"optional\"", "false", "\"disable\""},
    {"queue.outbound.tls.allow-invalid-certs", "false", "\"retry_num > 0\"", "\"retry_num > 0\""},
    {"queue.outbound.connection.max-sessions", "20", "50", "50"},
    {"queue.outbound.connection.max-messages", "0", "100", "100"},
    {"queue.outbound.connection.max-age", "\"5m\"", "\"1m\"", "\"1m\""},
    {"queue.outbound.connection.idle", "\"5s\"", "0", "\"0s\""},
    {"queue.outbound.site", "\"\"", "\"mx\"", "\"mx\""},
    {"queue.outbound.greeting-5xx", "\"defer\"", "\"bounce\"", "\"bounce\""},
    {"queue.outbound.unknown-outcome", "\"retry\"", "\"delivered\"", "\"delivered\""},
    {"queue.outbound.pipeline-depth", "1", "4", "4"},
    {"queue.outbound.happy-eyeballs", "\"3s\"", "\"250ms\"", "\"250ms\""},
    {"queue.schedule.retry", "\"[2m, 5m, 10m, 15m, 30m, 1h, 2h]\"", "[\"1m\", \"(5m * 2)\"]",
     "\"[1m, 10m]\""},
    {"queue.schedule.jitter", "0.1", "0", "0"},
    {"queue.schedule.notify", "\"[1d, 3d]\"", "[]", "\"[]\""},
    {"queue.schedule.expire", "\"5d\"", "\"1d12h\"", "\"1d12h\""},
    {"queue.priority", "\"priority\"", "-3", "-3"},
    {"report.domain", "\"example.org\"", "\"r.example\"", "\"r.example\""},
    {"report.submitter", "\"'mail.example.org'\"", "\"'x.org'\"", "\"'x.org'\""},
    {"report.dsn.from-name", "\"'Mail Delivery Subsystem'\"", "\"'Mail'\"", "\"'Mail'\""},
    {"report.dsn.from-address", "\"'MAILER-DAEMON@example.org'\"", "\"'a@b.c'\"", "\"'a@b.c'\""},
    {"report.tls.aggregate.send", "\"never\"", "\"weekly\"", "\"weekly\""},
    {"report.tls.aggregate.from-name", "\"'TLS Aggregate Report'\"", "\"'T'\"", "\"'T'\""},
    {"report.tls.aggregate.from-address", "\"'noreply-tls@example.org'\"", "\"'a@b.c'\"",
     "\"'a@b.c'\""},
    {"report.tls.aggregate.org-name", "\"'example.org'\"", "\"'O'\"", "\"'O'\""},
    {"report.tls.aggregate.contact-info", "\"\"", "\"'c'\"", "\"'c'\""},
    {"report.tls.aggregate.max-size", "26214400", "\"'1 MiB'\"", "1048576"},
    {"tls.ca-file", "\"/etc/ssl/certs/ca-certificates.crt\"", "\"/ca\"", "\"/ca\""},
    {"mta-sts.allow-private", "false", "true", "true"},
    {"resolver.servers", "[]", "[\"::1\", \"192.0.2.1:5353\"]",
     "[\"[::1]:53\", \"192.0.2.1:5353\"]"},
    {"resolver.timeout", "\"5s\"", "\"2s\"", "\"2s\""},
    {"resolver.attempts", "3", "1", "1"},
    {"resolver.trust-ad", "\"auto\"", "true", "\"true\""},
    {"resolver.cache-size", "10000", "0", "0"},
    {"server.hostname", "\"mail.example.org\"", "\"MX.Example.org\"", "\"mx.example.org\""},
    {"server.user", "\"postrider\"", "\"mail\"", "\"mail\""},
    {"server.worker-user", "\"postrider-worker\"", "\"nobody\"", "\"nobody\""},
    {"server.own-addresses", "[]", "\"192.0.2.1\"", "[\"192.0.2.1\"]"},
    {"spool.path", "\"" LOCALSTATEDIR "/spool/postrider\"", "\"/q\"", "\"/q\""},
    {"spool.min-free", "\"268435456 or 2 %\"", "\"1 GiB or 5%\"", "\"1073741824 or 5 %\""},
    {"control.socket", "\"" RUNSTATEDIR "/postrider/control.sock\"", "\"/c\"", "\"/c\""},
    {"control.admins", "[\"postrider\"]", "[\"a\", \"b\"]", "[\"a\", \"b\"]"},
    {"submit.listen", "[\"unix:" RUNSTATEDIR "/postrider/submit.sock\", \"127.0.0.1:2525\"]",
     "\"[::1]:25\"", "[\"[::1]:25\"]"},
    {"submit.networks", "[\"127.0.0.0/8\", \"::1/128\"]", "[\"10.0.0.0/8\"]", "[\"10.0.0.0/8\"]"},
    {"submit.max-size", "52428800", "\"1 MiB\"", "1048576"},
    {"submit.max-recipients", "1000", "5", "5"},
    {"submit.max-connections", "500", "5", "5"},
    {"submit.workers", "1", "0", "0"},
    {"submit.timeout", "\"5m\"", "\"1m\"", "\"1m\""},
    {"submit.memory", "268435456", "1000000", "1000000"},
    {"submit.mode", "\"0666\"", "0o660", "\"0660\""},
    {"submit.bare-newline", "\"repair\"", "\"refuse\"", "\"refuse\""},
    {"submit.tls.certificate", "\"\"", "\"-----BEGIN\"", "\"-----BEGIN\""},
    {"submit.tls.private-key", "\"\"", "\"%{file:/key}%\"", "\"\\\"%{file:/key}%\\\"\""},
    {"submit.tls.require", "false", "true", "true"},
    {"worker.count", "\"auto\"", "0", "0"},
    {"worker.max-sessions", "2000", "10", "10"},
    {"log.level", "\"info\"", "\"debug\"", "\"debug\""},
    {"log.target", "\"stderr\"", "\"/var/log/p\"", "\"/var/log/p\""},
    {"log.deliveries", "\"\"", "\"/d\"", "\"/d\""},
    {"log.deliveries-must", "true", "false", "false"},
    {"metrics.listen", "[]", "\"127.0.0.1:9464\"", "[\"127.0.0.1:9464\"]"},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

START_TEST(each_key_has_its_default_and_takes_another_value)
{
	struct fixture empty = fixture_load_good("");
	struct fixture given;
	struct str text = {0};

	ck_assert_int_eq(KEYS, SETTING_COUNT);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert_str_eq(settings_table_row((enum setting_id)i)->key, keys[i].key);
		assert_shown(&empty, keys[i].key, keys[i].fallback, "default");
		str_printf(&text, "%s = %s\n", keys[i].key, keys[i].given);
	}
	str_text(&text, "remote.r.address = 'a.b'\n");
	given = fixture_load_good(str_c(&text));
	for (size_t i = 0; i < KEYS; i++) {
		char origin[32];

		snprintf(origin, sizeof(origin), "t.toml:%zu", i + 1);
		assert_shown(&given, keys[i].key, keys[i].shown, origin);
		ck_assert(settings_is_given(given.settings, (enum setting_id)i));
	}
	ck_assert_uint_eq(settings_complaint_count(empty.complaints), 0);
	str_free(&text);
	fixture_free(&empty);
	fixture_free(&given);
}
END_TEST

/* What is shown can be put into a file, and shows the same. */
START_TEST(shown_values_load_again)
{
	struct fixture empty = fixture_load_good("");
	struct str shown = {0};
	struct str again = {0};
	struct fixture second;

	settings_print(empty.settings, &shown);
	second = fixture_load_good(str_c(&shown));
	settings_print(second.settings, &again);
	for (size_t i = 0; i < shown.len && i < again.len && shown.data[i] != '#'; i++)
		ck_assert_int_eq(shown.data[i], again.data[i]);
	str_free(&shown);
	str_free(&again);
	fixture_free(&empty);
	fixture_free(&second);
}
END_TEST

START_TEST(static_readers_give_typed_values)
{
	struct fixture fixture = fixture_load_good(
	    "submit.listen = ['192.0.2.1:25', '0.0.0.0:25', '192.0.2.2:587', 'unix:/s']\n");
	const struct settings_endpoint *endpoints;
	const struct netaddr_prefix *prefixes;
	char text[NETADDR_TEXT];
	int64_t bytes;
	size_t count;
	int percent;

	endpoints = settings_endpoints(fixture.settings, SETTING_SUBMIT_LISTEN, &count);
	ck_assert_uint_eq(count, 4);
	ck_assert_str_eq(netaddr_text_port(text, &endpoints[2].address), "192.0.2.2:587");
	ck_assert_str_eq(endpoints[3].path, "/s");
	endpoints = settings_endpoints(fixture.settings, SETTING_SERVER_OWN_ADDRESSES, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_str_eq(netaddr_text(text, &endpoints[0].address), "192.0.2.1");
	prefixes = settings_prefixes(fixture.settings, SETTING_SUBMIT_NETWORKS, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(prefixes[0].bits, 8);
	ck_assert_str_eq(settings_texts(fixture.settings, SETTING_CONTROL_ADMINS, &count)[0],
			 "postrider");
	settings_space(fixture.settings, SETTING_SPOOL_MIN_FREE, &bytes, &percent);
	ck_assert_int_eq(bytes, 256 * 1024 * 1024);
	ck_assert_int_eq(percent, 2);
	ck_assert_int_eq(settings_integer(fixture.settings, SETTING_WORKER_COUNT), -1);
	ck_assert_int_eq(settings_choice(fixture.settings, SETTING_SUBMIT_MODE), 0666);
	ck_assert_int_eq(settings_size(fixture.settings, SETTING_SUBMIT_MAX_SIZE), 50 << 20);
	ck_assert_int_eq(settings_duration_ms(fixture.settings, SETTING_RESOLVER_TIMEOUT), 5000);
	ck_assert(settings_bool(fixture.settings, SETTING_LOG_DELIVERIES_MUST));
	ck_assert_str_eq(settings_text(fixture.settings, SETTING_LOG_TARGET), "stderr");
	fixture_free(&fixture);
}
END_TEST

struct reports {
	unsigned count;
	char key[64];
};

static void
take_report(const char *key, const char *text, void *arg)
{
	struct reports *reports = arg;

	reports->count++;
	snprintf(reports->key, sizeof(reports->key), "%s", key);
	ck_assert_ptr_nonnull(strstr(text, "t.toml:1: "));
}

START_TEST(values_that_do_not_fit_give_the_default_and_one_report)
{
	struct fixture fixture =
	    fixture_load_good("queue.outbound.hostname = \"rcpt_domain + ' x'\"\n"
			      "queue.outbound.limits.mx = \"retry_num - 5\"\n");
	struct delivery *delivery = delivery_new(2, "a.org");
	struct reports reports = {0};
	struct slice host;
	int64_t count;

	settings_set_report(fixture.settings, take_report, &reports);
	for (int i = 0; i < 3; i++) {
		settings_eval_text(fixture.settings, SETTING_QUEUE_OUTBOUND_HOSTNAME,
				   &delivery->env, &host);
		assert_text(host, "mail.example.org");
	}
	ck_assert_uint_eq(reports.count, 1);
	ck_assert_str_eq(reports.key, "queue.outbound.hostname");
	settings_set_report(fixture.settings, NULL, NULL);
	settings_eval_count(fixture.settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX, &delivery->env,
			    &count);
	ck_assert_int_eq(count, 5);
	delivery->variables[EXPR_VAR_RETRY_NUM] = expr_value_integer(8);
	settings_eval_count(fixture.settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX, &delivery->env,
			    &count);
	ck_assert_int_eq(count, 3);
	delivery_free(delivery);
	fixture_free(&fixture);
}
END_TEST

START_TEST(questions_of_dns_are_passed_through)
{
	struct fixture fixture = fixture_load_good(
	    "queue.outbound.limits.mx = \"count(dns_query(rcpt_domain, 'mx'))\"\n");
	struct delivery *delivery = delivery_new(0, "a.org");
	struct expr_value hosts[2] = {expr_value_text(slice_of("x")),
				      expr_value_text(slice_of("y"))};
	struct expr_value answer = expr_value_array(hosts, 2);
	int64_t count;

	delivery->env.memo = expr_memo_new(delivery->env.arena);
	ck_assert_int_eq(settings_eval_count(fixture.settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX,
					     &delivery->env, &count),
			 EXPR_WAIT);
	ck_assert_str_eq(delivery->env.question.name, "a.org");
	expr_memo_add(delivery->env.memo, &delivery->env.question, EXPR_ANSWER_FOUND, &answer);
	ck_assert_int_eq(settings_eval_count(fixture.settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX,
					     &delivery->env, &count),
			 EXPR_OK);
	ck_assert_int_eq(count, 2);
	delivery_free(delivery);
	fixture_free(&fixture);
}
END_TEST

static const struct {
	const char *text;
	int64_t zero; /* limits.mx with retry_num 0 */
	int64_t one;
} shapes[] = {
    {"queue.outbound.limits.mx = [{if=\"retry_num == 0\", then=3}, {else=\"4\"}]\n", 3, 4},
    {"[[queue.outbound.limits.mx]]\nif = \"retry_num\"\nthen = \"retry_num + 1\"\n"
     "[[queue.outbound.limits.mx]]\nelse = 9\n",
     9, 2},
    {"[queue.outbound.limits.mx]\n0001.else = 4\n0000.if = \"retry_num\"\n0000.then = 6\n", 4, 6},
    {"queue.outbound.limits.mx = [{if=\"matches('^(.)', rcpt_domain)\", then=\"count($1) + 1\"}, "
     "{else=4}]\n",
     2, 2},
    {"queue.outbound.limits.mx = [{if=false, then=3}, {if=\"retry_num == 1\", then = 5}, "
     "{else=4}]\n",
     4, 5},
    {"\"queue\".outbound = { limits = { mx = 8 } }\n", 8, 8},
    {"queue.outbound.limits.mx = \"if_then(retry_num > 0, 6, 7)\"\n", 7, 6},
    {"[queue.outbound]\n[queue]\n[queue.outbound]\nlimits.mx = 6\n", 6, 6},
};

START_TEST(shapes_of_conditions_decide)
{
	struct fixture fixture = fixture_load_good(shapes[_i].text);
	struct delivery *zero = delivery_new(0, "a.org");
	struct delivery *one = delivery_new(1, "a.org");
	int64_t count;

	settings_eval_count(fixture.settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX, &zero->env, &count);
	ck_assert_int_eq(count, shapes[_i].zero);
	settings_eval_count(fixture.settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX, &one->env, &count);
	ck_assert_int_eq(count, shapes[_i].one);
	delivery_free(zero);
	delivery_free(one);
	fixture_free(&fixture);
}
END_TEST

START_TEST(else_of_a_list_is_the_list)
{
	struct fixture fixture =
	    fixture_load_good("queue.schedule.retry = [ { if = \"retry_num == 7\", then = '[1m]' },"
			      " { else = ['15h', '22h'] } ]\n");
	struct delivery *delivery = delivery_new(0, "a.org");
	struct settings_answer answer;

	settings_eval(fixture.settings, SETTING_QUEUE_SCHEDULE_RETRY, &delivery->env, &answer);
	ck_assert_uint_eq(answer.count, 2);
	ck_assert_int_eq(answer.integers[1], 22 * 3600000);
	delivery_free(delivery);
	fixture_free(&fixture);
}
END_TEST

static Suite *
values_suite(void)
{
	Suite *suite = suite_create("settings values");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, published_examples_load_without_a_word, 0,
			    (int)(sizeof(published) / sizeof(published[0])));
	tcase_add_test(tcase, published_strategy_follows_the_attempt);
	tcase_add_test(tcase, published_lists_and_numbers_have_their_values);
	tcase_add_test(tcase, each_key_has_its_default_and_takes_another_value);
	tcase_add_test(tcase, shown_values_load_again);
	tcase_add_test(tcase, static_readers_give_typed_values);
	tcase_add_test(tcase, values_that_do_not_fit_give_the_default_and_one_report);
	tcase_add_test(tcase, questions_of_dns_are_passed_through);
	tcase_add_loop_test(tcase, shapes_of_conditions_decide, 0,
			    (int)(sizeof(shapes) / sizeof(shapes[0])));
	tcase_add_test(tcase, else_of_a_list_is_the_list);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(values_suite)
