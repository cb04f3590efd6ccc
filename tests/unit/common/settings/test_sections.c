#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/expr/block.h"
#include "common/settings/ask.h"
#include "common/settings/block.h"
#include "common/settings/limiter.h"
#include "common/settings/load.h"
#include "common/settings/quota.h"
#include "common/settings/relay.h"
#include "common/settings/similar.h"
#include "common/toml/parse.h"
#include "common/toml/tree.h"
#include "tests/unit/common/settings/fixture.h"
#include "tests/unit/unit.h"

START_TEST(relays_have_their_members)
{
	struct fixture fixture = fixture_load_good(
	    "[remote.\"a\"]\naddress = 'Relay.example.org.'\n"
	    "[remote.b]\naddress = '2001:db8::1'\nport = '465'\n"
	    "auth = { username = 'u', secret = '%{env:TOKEN}%' }\n"
	    "tls.allow-invalid-certs = true\nconcurrency = 5\n"
	    "[remote.c]\naddress = 'unix:/run/lmtp'\nprotocol = 'lmtp'\n"
	    "[remote.d]\naddress = '[192.0.2.1]'\nport = 465\ntls.implicit = false\n");
	const struct settings_relay *relay;
	char text[NETADDR_TEXT];
	size_t count;

	ck_assert_ptr_null(settings_relay_find(fixture.settings, slice_of("x")));
	relay = settings_relay_find(fixture.settings, slice_of("a"));
	ck_assert_str_eq(relay->host, "Relay.example.org");
	ck_assert_uint_eq(relay->port, 25);
	ck_assert(!relay->implicit_tls && !relay->lmtp && relay->username == NULL);
	ck_assert_int_eq(netaddr_family(&relay->literal), AF_UNSPEC);
	relay = settings_relay_find(fixture.settings, slice_of("b"));
	ck_assert_str_eq(netaddr_text_port(text, &relay->literal), "[2001:db8::1]:465");
	ck_assert_str_eq(relay->secret, "s3cret");
	ck_assert(relay->implicit_tls && relay->allow_invalid_certs);
	relay = settings_relay_find(fixture.settings, slice_of("c"));
	ck_assert(relay->is_unix && relay->lmtp);
	ck_assert_str_eq(relay->host, "/run/lmtp");
	relay = settings_relay_find(fixture.settings, slice_of("d"));
	ck_assert(!relay->implicit_tls);
	ck_assert_str_eq(relay->host, "192.0.2.1");
	settings_relays(fixture.settings, &count);
	ck_assert_uint_eq(count, 4);
	ck_assert_uint_eq(settings_complaint_count(fixture.complaints), 1);
	fixture_free(&fixture);
}
END_TEST

START_TEST(limiters_know_who_asks_them)
{
	struct fixture fixture = fixture_load_good(
	    "[queue.limiter.outbound.who]\nkey = 'sender'\nrate = '100/1s'\n"
	    "[queue.limiter.outbound.where]\nkey = ['sender_domain', 'rcpt_domain']\n"
	    "concurrency = 3\nmatch = \"sender != ''\"\n"
	    "[queue.limiter.outbound.host]\nrate = '25/1h'\nmatch = \"mx == 'a'\"\nenable = false\n"
	    "[[queue.throttle]]\nrate = '50/30s'\nkey = ['remote_ip']\n"
	    "match = \"remote_ip == '127.0.0.1'\"\n"
	    "[[queue.throttle]]\nkey.0000 = 'sender_domain'\nrate = '50/30s'\n");
	const struct settings_limiter *list;
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct expr_env env = {.variables = variables};
	size_t count;
	bool wait;

	expr_scope_blank(variables);
	list = settings_limiters(fixture.settings, &count);
	ck_assert_uint_eq(count, 5);
	ck_assert_str_eq(list[0].id, "who");
	ck_assert_int_eq(list[0].class, SETTINGS_LIMITER_BY_SENDER);
	ck_assert_int_eq(list[0].rate, 100);
	ck_assert_int_eq(list[0].period_ms, 1000);
	ck_assert(list[0].enabled && settings_limiter_matches(&list[0], &env, &wait));
	ck_assert_int_eq(list[1].class, SETTINGS_LIMITER_BY_DOMAIN);
	ck_assert_uint_eq(list[1].keys,
			  SETTINGS_LIMITER_SENDER_DOMAIN | SETTINGS_LIMITER_RCPT_DOMAIN);
	ck_assert_int_eq(list[1].concurrency, 3);
	ck_assert(!settings_limiter_matches(&list[1], &env, &wait));
	variables[EXPR_VAR_SENDER] = expr_value_text(slice_of("a@b"));
	ck_assert(settings_limiter_matches(&list[1], &env, &wait));
	ck_assert_int_eq(list[2].class, SETTINGS_LIMITER_BY_HOST);
	ck_assert(!list[2].enabled);
	ck_assert_str_eq(list[3].id, "0000");
	ck_assert_int_eq(list[3].period_ms, 30000);
	ck_assert_str_eq(list[4].id, "0001");
	ck_assert_ptr_null(list[4].match);
	fixture_free(&fixture);
}
END_TEST

START_TEST(quotas_have_their_members)
{
	struct fixture fixture = fixture_load_good(
	    "[[queue.quota]]\nmessages = 100000\nsize = '10 GiB'\n"
	    "[[queue.quota]]\nkey = ['rcpt', 'sender']\nmessages = '5'\nmatch = \"size > 100\"\n");
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct expr_env env = {.variables = variables};
	const struct settings_quota *list;
	size_t count;

	expr_scope_blank(variables);
	list = settings_quotas(fixture.settings, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(list[0].size, (int64_t)10 << 30);
	ck_assert(settings_quota_matches(&list[0], &env));
	ck_assert_uint_eq(list[1].keys, SETTINGS_QUOTA_RCPT | SETTINGS_QUOTA_SENDER);
	ck_assert(!settings_quota_matches(&list[1], &env));
	variables[EXPR_VAR_SIZE] = expr_value_integer(101);
	ck_assert(settings_quota_matches(&list[1], &env));
	fixture_free(&fixture);
}
END_TEST

/* Expressions that ask the configuration, as the source of mail and their value. */
static const struct {
	const char *expression;
	const char *value;
} questions[] = {
    {"key_get('default', 'hostname')", "\"OLD.example\""},
    {"config_get('server.hostname')", "\"old.example\""},
    {"key_get('t', 'a')", "1"},
    {"key_get('t', 'word')", "\"x y\""},
    {"key_get('t', 'MAIL.Example.ORG')", "2"},
    {"key_get('t', 'xyz')", "2.5"},
    {"key_get('t', 'other')", "\"\""},
    {"key_exists('t', 'a')", "1"},
    {"key_exists('t', 'zz')", "0"},
    {"key_get('none', 'who')", "\"d\""},
    {"is_local_domain('*', 'here.org')", "1"},
    {"is_local_domain('', 'sub.here.org')", "1"},
    {"is_local_domain('*', 'gone.here.org')", "0"},
    {"is_local_domain('*', 'elsewhere.org')", "0"},
    {"is_local_domain('t', 'word')", "1"},
    {"is_local_address('*', 'me@here.org')", "1"},
    {"config_get('log.level')", "\"debug\""},
    {"config_get('submit.max-size')", "\"77\""},
    {"config_get('remote.r.auth.secret')", "\"\""},
    {"config_get('no.such')", "\"\""},
};

START_TEST(expressions_ask_the_configuration)
{
	struct fixture fixture = fixture_load_good(
	    "[lookup.default]\nhostname = 'OLD.example'\nwho = 'd'\n"
	    "[lookup.t]\na = true\nword = 'x y'\nmail.example.org = '2'\n'x?z' = 2.5\n"
	    "[lookup.local-domains]\n'gone.here.org' = false\n'here.org' = true\n"
	    "'*.here.org' = true\n"
	    "[lookup.local-addresses]\n'me@here.org' = ''\n"
	    "[remote.r]\naddress = 'a.b'\nauth = { username = 'u', secret = 'hush' }\n"
	    "[log]\nlevel = 'debug'\n[submit]\nmax-size = 77\n");
	struct arena *arena = arena_new();
	struct expr_value variables[EXPR_VARIABLE_COUNT];
	struct expr_env env = {
	    .variables = variables,
	    .arena = arena,
	    .lookup = settings_ask(),
	    .lookup_arg = fixture.settings,
	};

	expr_scope_blank(variables);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct expr *expr = expr_compile(arena, slice_of(questions[i].expression),
						       expr_scope_all(), NULL, NULL, NULL);
		struct expr_value value;
		struct str shown = {0};

		ck_assert_ptr_nonnull(expr);
		ck_assert_int_eq(expr_eval(expr, &env, &value, NULL), EXPR_OK);
		expr_value_print(&shown, &value);
		ck_assert_msg(strcmp(str_c(&shown), questions[i].value) == 0, "%s is %s, not %s",
			      questions[i].expression, str_c(&shown), questions[i].value);
		str_free(&shown);
	}
	arena_free(&arena);
	fixture_free(&fixture);
}
END_TEST

/* The configurations of published tests: with all variables, and any type. */
static const struct published {
	const char *id;
	const char *text;
	int rules;            /* -1: refused */
	const char *constant; /* the else */
	const char *first;    /* the value of the first rule */
} published[] = {
    {"CF1",
     "v = [{if=\"sender = 'jdoe'\", then=\"5d\"}, "
     "{if=\"priority = -1 | starts_with(rcpt, 'jane')\", then=\"1h\"}, {else=false}]",
     2, "0", "432000000"},
    {"CF2",
     "v = [{if=\"sender = 'jdoe'\", then=\"['From', 'To', 'Date']\"}, "
     "{if=\"priority = -1\", then=\"'Other-ID'\"}, {else=\"[]\"}]",
     2, "[]", "[\"From\",\"To\",\"Date\"]"},
    {"CF3", "v = [{if=\"sender = 'jdoe'\", then=\"[]\"}, {else=\"['ID-Bis']\"}]", 1, "[\"ID-Bis\"]",
     "[]"},
    {"CF4", "v = \"'hello world'\"", 0, "\"hello world\"", NULL},
    {"CF5", "v = [{if=\"sender = 'jdoe'\"}, {else=1}]", -1, NULL, NULL},
    {"CF6", "v = [{if=\"sender = 'jdoe'\", then=1}]", -1, NULL, NULL},
    {"CF7", "v = [{if=\"sender = 'jdoe'\", then=1}, {else=1}, {else=2}]", -1, NULL, NULL},
};

static void
assert_constant(const struct expr *expr, const char *wanted)
{
	struct expr_value value;
	struct str shown = {0};

	ck_assert(expr_is_constant(expr, &value));
	expr_value_print(&shown, &value);
	ck_assert_str_eq(str_c(&shown), wanted);
	str_free(&shown);
}

START_TEST(published_blocks_parse)
{
	const struct published *one = &published[_i];
	struct arena *arena = arena_new();
	struct settings_complaints *complaints = settings_complaint_new("x");
	struct settings *settings = arena_zero(arena, struct settings);
	struct settings_loader loader = {
	    .settings = settings, .arena = arena, .complaints = complaints};
	const struct settings_block_spec spec = {"v", SETTINGS_TYPE_TEXTS, expr_scope_all()};
	struct toml_node *root = toml_parse(arena, slice_of(one->text), 0, NULL, NULL, NULL);
	const struct expr_block *block =
	    settings_block_make(&loader, toml_tree_find(root, "v"), &spec);

	ck_assert_int_eq(block == NULL, one->rules < 0);
	ck_assert_int_eq(settings_complaint_errors(complaints) > 0, one->rules < 0);
	if (block != NULL) {
		ck_assert_int_eq((int)block->rule_count, one->rules);
		assert_constant(block->otherwise, one->constant);
		if (one->first != NULL)
			assert_constant(block->rules[0].value, one->first);
	}
	settings_complaint_free(&complaints);
	arena_free(&arena);
}
END_TEST

START_TEST(words_that_are_near_are_found)
{
	static const char *const words[] = {"address", "port", "protocol", NULL};

	ck_assert_uint_eq(settings_similar_distance(slice_of("abcd"), slice_of("acbd")), 1);
	ck_assert_uint_eq(settings_similar_distance(slice_of("kitten"), slice_of("sitting")), 3);
	ck_assert_uint_eq(settings_similar_distance(slice_of(""), slice_of("abc")), 3);
	ck_assert_str_eq(settings_similar_word(slice_of("adress"), words), "address");
	ck_assert_ptr_null(settings_similar_word(slice_of("colour"), words));
	ck_assert_str_eq(settings_similar_key(slice_of("spool.pth")), "spool.path");
	ck_assert_ptr_null(settings_similar_key(slice_of("x.y.z")));
}
END_TEST

START_TEST(macros_are_replaced_once)
{
	struct arena *arena = arena_new();
	struct slice out;

	ck_assert(settings_macro_expand(arena, slice_of("a%{env:TOKEN}%b%{env:TOKEN}%"),
					fixture_macro, NULL, &out, NULL));
	ck_assert(slice_is(out, "as3cretbs3cret"));
	ck_assert(settings_macro_expand(arena, slice_of("100% {x} %"), NULL, NULL, &out, NULL));
	ck_assert(slice_is(out, "100% {x} %"));
	ck_assert(
	    !settings_macro_expand(arena, slice_of("%{env:NO}%"), fixture_macro, NULL, &out, NULL));
	ck_assert(
	    !settings_macro_expand(arena, slice_of("%{cfg:a}%"), fixture_macro, NULL, &out, NULL));
	ck_assert(
	    !settings_macro_expand(arena, slice_of("%{env:A"), fixture_macro, NULL, &out, NULL));
	ck_assert(
	    !settings_macro_expand(arena, slice_of("%{env:}%"), fixture_macro, NULL, &out, NULL));
	arena_free(&arena);
}
END_TEST

static Suite *
sections_suite(void)
{
	Suite *suite = suite_create("settings sections");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, relays_have_their_members);
	tcase_add_test(tcase, limiters_know_who_asks_them);
	tcase_add_test(tcase, quotas_have_their_members);
	tcase_add_test(tcase, expressions_ask_the_configuration);
	tcase_add_loop_test(tcase, published_blocks_parse, 0,
			    (int)(sizeof(published) / sizeof(published[0])));
	tcase_add_test(tcase, words_that_are_near_are_found);
	tcase_add_test(tcase, macros_are_replaced_once);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(sections_suite)
