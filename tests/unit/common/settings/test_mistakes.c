#include <string.h>

#include "common/str.h"
#include "tests/unit/common/settings/fixture.h"
#include "tests/unit/unit.h"

/* Every mistake: where it is said to be, of which key, and in what words. */
static const struct mistake {
	const char *text;
	unsigned line;
	unsigned column;
	const char *key;
	const char *words;
	bool warning;
} mistakes[] = {
    {"[queue.outbound]\nip-strategy = \"ipv4-only\"\n", 2, 16, "queue.outbound.ip-strategy",
     "did you mean ipv4_only?", false},
    {"queue.outbound.ip-strategy = \"ipv4_onl\"\n", 1, 31, "queue.outbound.ip-strategy",
     "ipv4_only", false},
    {"queue.outbound.ip-strategy = \"quickest\"\n", 1, 31, "queue.outbound.ip-strategy",
     "ipv4_then_ipv6", false},
    {"queue.outbound.ip-strategy = 7\n", 1, 30, "queue.outbound.ip-strategy",
     "must be ipv4_only, ipv6_only", false},
    {"queue.outbound.limits.mx = 0\n", 1, 28, "queue.outbound.limits.mx", "1 or more", false},
    {"queue.outbound.limits.multihomed = -2\n", 1, 36, "queue.outbound.limits.multihomed",
     "1 or more", false},
    {"queue.outbound.hostname = 'mx.example.org'\n", 1, 28, "queue.outbound.hostname",
     "needs inner quotes: 'mx.example.org'", false},
    {"queue.outbound.hostname = \"'mx example'\"\n", 1, 28, "queue.outbound.hostname",
     "must be a domain name", false},
    {"queue.outbound.hostname = \"''\"\n", 1, 28, "queue.outbound.hostname",
     "must be a domain name", false},
    {"queue.outbound.hostname = \"'mx' + 5\"\nserver.hostnam = 'x'\n", 2, 8, "server.hostnam",
     "did you mean server.hostname?", false},
    {"queue.outbound.timeouts.connect = \"0\"\n", 1, 36, "queue.outbound.timeouts.connect",
     "longer than nothing", false},
    {"queue.outbound.timeouts.connect = \"[]\"\n", 1, 36, "queue.outbound.timeouts.connect",
     "duration", false},
    {"queue.outbound.timeouts.tls = \"1m2\"\n", 1, 32, "queue.outbound.timeouts.tls",
     "a duration is written", false},
    {"queue.outbound.timeouts.data = 600\n", 1, 32, "queue.outbound.timeouts.data",
     "write \"600ms\"", true},
    {"queue.outbound.source-ip.v4 = \"['192.0.2.1', 'x']\"\n", 1, 32, "queue.outbound.source-ip.v4",
     "\"x\" is not an IP address", false},
    {"queue.outbound.source-ip.v4 = [\"192.0.2.1\", \"2001:db8::1\"]\n", 1, 46,
     "queue.outbound.source-ip.v4", "list it under v6", false},
    {"queue.outbound.source-ip.v6 = [\"192.0.2.1\"]\n", 1, 33, "queue.outbound.source-ip.v6",
     "list it under v4", false},
    {"queue.outbound.source-ip.v4 = [\"192.0.2.300\"]\n", 1, 33, "queue.outbound.source-ip.v4",
     "not an IP address", false},
    {"queue.outbound.source-ip.v4 = [\"0.0.0.0\"]\n", 1, 33, "queue.outbound.source-ip.v4",
     "no address to send from", false},
    {"queue.outbound.source-ip.v4 = \"192.0.2.1\"\n", 1, 32, "queue.outbound.source-ip.v4",
     "needs inner quotes: '192.0.2.1'", false},
    {"queue.outbound.source-ip.v4 = [\"192.0.2.1\"]\n", 1, 31, "queue.outbound.source-ip.v4",
     "IPv6 has no list", true},
    {"queue.outbound.next-hop = \"smart\"\n[remote.smart]\naddress = 'a.b'\n", 1, 28,
     "queue.outbound.next-hop", "write \"'smart'\"", false},
    {"queue.outbound.next-hop = \"'smrt'\"\n[remote.smart]\naddress = 'a.b'\n", 1, 28,
     "queue.outbound.next-hop", "did you mean 'smart'", false},
    {"queue.outbound.next-hop = \"'local'\"\n", 1, 28, "queue.outbound.next-hop", "[remote.local]",
     true},
    {"queue.outbound.next-hop = \"is_empty(dns_query(rcpt_domain, 'mx'))\"\n", 1, 37,
     "queue.outbound.next-hop", "dns_query", false},
    {"queue.schedule.expire = \"mx == 'a'\"\n", 1, 26, "queue.schedule.expire",
     "variable mx has no value in queue.schedule.expire", false},
    {"queue.schedule.retry = \"[]\"\n", 1, 25, "queue.schedule.retry", "at least one", false},
    {"queue.schedule.retry = [\"5m\", \"soon\"]\n", 1, 32, "queue.schedule.retry", "soon", false},
    {"queue.schedule.retry = [\"5m\", 600]\n", 1, 31, "queue.schedule.retry", "milliseconds", true},
    {"queue.schedule.jitter = 2\n", 1, 25, "queue.schedule.jitter", "from 0 to 1", false},
    {"queue.priority = 40\n", 1, 18, "queue.priority", "-9 to 9", false},
    {"queue.outbound.tls.starttls = \"'require'\"\n", 1, 32, "queue.outbound.tls.starttls",
     "optional, require or disable", false},
    {"queue.outbound.tls.dane = \"always\"\n", 1, 28, "queue.outbound.tls.dane",
     "optional, require or disable", false},
    {"queue.outbound.limits.mx = [ { if = \"retri_num == 0\", then = 1 }, { else = 2 } ]\n", 1, 38,
     "queue.outbound.limits.mx", "did you mean retry_num?", false},
    {"queue.outbound.limits.mx = [ { if = \"\\u0031 == retri_num\", then = 1 }, { else = 2 } ]\n",
     1, 48, "queue.outbound.limits.mx", "did you mean retry_num?", false},
    {"queue.outbound.limits.mx = '''\n1 +\n  foo'''\n", 3, 3, "queue.outbound.limits.mx", "foo",
     false},
    {"queue.outbound.limits.mx = \"\"\"\\\n   1 + foo\"\"\"\n", 2, 8, "queue.outbound.limits.mx",
     "foo", false},
    {"queue.outbound.limits.mx = [ { if = \"retry_num == 0\" }, { else = 1 } ]\n", 1, 30,
     "queue.outbound.limits.mx", "has no then", false},
    {"queue.outbound.limits.mx = [ { if = \"retry_num == 0\", then = 1 } ]\n", 1, 28,
     "queue.outbound.limits.mx", "no else", false},
    {"queue.outbound.limits.mx = [ { if = \"retry_num == 0\", then = 1 }, { else = 1 }, { else = 2 "
     "} ]\n",
     1, 81, "queue.outbound.limits.mx", "second else", false},
    {"queue.outbound.limits.mx = [ { else = 1 } ]\n", 1, 30, "queue.outbound.limits.mx",
     "before any if", false},
    {"queue.outbound.limits.mx = [ { else = 1 }, { if = \"retry_num == 0\", then = 1 } ]\n", 1, 44,
     "queue.outbound.limits.mx", "after the else", false},
    {"queue.outbound.limits.mx = [ { then = 1 }, { else = 1 } ]\n", 1, 30,
     "queue.outbound.limits.mx", "then without if", false},
    {"queue.outbound.limits.mx = [ { if = \"1\", then = 1, else = 2 } ]\n", 1, 30,
     "queue.outbound.limits.mx", "else together with if", false},
    {"queue.outbound.limits.mx = [ {}, { else = 1 } ]\n", 1, 30, "queue.outbound.limits.mx",
     "empty element", false},
    {"queue.outbound.limits.mx = [ 3, { else = 1 } ]\n", 1, 30, "queue.outbound.limits.mx",
     "an integer among conditions", false},
    {"queue.outbound.limits.mx = [ 3 ]\n", 1, 28, "queue.outbound.limits.mx",
     "an array where one value is expected", false},
    {"queue.outbound.limits.mx = []\n", 1, 28, "queue.outbound.limits.mx", "empty list", true},
    {"queue.outbound.limits.mx = \"\"\n", 1, 28, "queue.outbound.limits.mx", "empty value", true},
    {"queue.outbound.limits.mx = { if = \"retry_num\", then = 1 }\n", 1, 28,
     "queue.outbound.limits.mx", "put conditions in a list", false},
    {"queue.outbound.limits.mx = 1979-05-27\n", 1, 28, "queue.outbound.limits.mx", "a local date",
     false},
    {"queue.outbound.limits.mx = [ { if = \"rcpt-domain\", eq = \"x\", then = 1 }, { else = 2 } "
     "]\n",
     1, 52, "queue.outbound.limits.mx", "before 0.6", false},
    {"queue.outbound.limits.mx = [ { if = \"sender\", in-list = \"x\", then = 1 }, { else = 2 } "
     "]\n",
     1, 47, "queue.outbound.limits.mx", "key_exists(", false},
    {"queue.outbound.limits.mx = [ { if = \"sender\", starts-with = \"x\", then = 1 }, { else = 2 "
     "} "
     "]\n",
     1, 47, "queue.outbound.limits.mx", "starts_with(", false},
    {"queue.outbound.limits.mx = [ { if = \"sender\", than = 1 }, { else = 2 } ]\n", 1, 47,
     "queue.outbound.limits.mx", "only if, then and else", false},
    {"queue.outbound.limits.mx = [ { if = \"rcpt-domain == 'x'\", then = 1 }, { else = 2 } ]\n", 1,
     43, "queue.outbound.limits.mx", "did you mean rcpt_domain?", false},
    {"queue.outbound.limits.mx = [ { if = \"true\", then = 1 }, { else = 2 } ]\n", 1, 38,
     "queue.outbound.limits.mx", "never reached", false},
    {"queue.outbound.limits.mx = [ { if = \"false\", then = 1 }, { else = 2 } ]\n", 1, 38,
     "queue.outbound.limits.mx", "always false", true},
    {"queue.outbound.limits.mx = [ { if = \"retry_num\", then = 1 },\n{ if = \"retry_num\", then = "
     "2 "
     "}, { else = 2 } ]\n",
     2, 9, "queue.outbound.limits.mx", "never be reached", false},
    {"queue.outbound.limits.mx = [ { if = \"rcpt_domain == 'a' || 'b'\", then = 1 }, { else = 2 } "
     "]\n",
     1, 60, "queue.outbound.limits.mx", "always true", true},
    {"queue.outbound.limits.mx = [ { if = \"expires_in < 2h\", then = 1 }, { else = 2 } ]\n", 1, 38,
     "queue.outbound.limits.mx", "expires_in_ms", true},
    {"queue.outbound.limits.mx = \"1 +\"\n", 1, 32, "queue.outbound.limits.mx", "operand", false},
    {"queue.outbond.limits.mx = 1\n", 1, 22, "queue.outbond.limits.mx",
     "did you mean queue.outbound.limits.mx?", false},
    {"queue.ip-strategy = 'ipv4_only'\n", 1, 7, "queue.ip-strategy",
     "did you mean queue.outbound.ip-strategy?", false},
    {"frobnicate = 1\n", 1, 1, "frobnicate", "unknown key", false},
    {"queue = 5\n", 1, 9, "queue", "where a table is expected", false},
    {"server.listener.smtp.bind = 'x'\n", 1, 8, "server.listener", "Stalwart", true},
    {"[store.db]\ntype = 'rocksdb'\n", 1, 2, "store", "Stalwart", true},
    {"queue.outbound.concurrency = 5\n", 1, 16, "queue.outbound.concurrency", "max-sessions", true},
    {"queue.threads.remote = 5\n", 1, 7, "queue.threads", "worker.count", true},
    {"[queue.route.mx]\ntype = 'mx'\n", 1, 8, "queue.route", "0.13", false},
    {"[queue.virtual.q]\nthreads = 1\n", 1, 8, "queue.virtual", "0.13", false},
    {"[queue.schedule.fast]\nretry = '5m'\n", 1, 17, "queue.schedule.fast", "0.13", false},
    {"[remote.a]\nport = 25\n", 1, 1, "remote.a", "no address", false},
    {"[remote.a]\naddress = 'x.y'\nport = 70000\n", 3, 8, "remote.a.port", "1 to 65535", false},
    {"[remote.a]\naddress = 'x.y:25'\n", 2, 12, "remote.a.address", "a key of its own", false},
    {"[remote.a]\naddress = 'x.y'\nprotocol = 'http'\n", 3, 13, "remote.a.protocol", "lmtp", false},
    {"[remote.a]\naddress = 'unix:/x'\n", 1, 1, "remote.a", "protocol = \"lmtp\"", false},
    {"[remote.a]\naddress = 'x.y'\nauth.username = 'u'\n", 1, 1, "remote.a",
     "auth.secret is missing", false},
    {"[remote.a]\naddress = 'x.y'\ntls.implict = true\n", 3, 5, "remote.a.tls.implict",
     "did you mean tls.implicit?", false},
    {"[remote.a]\naddress = 'x.y'\ntls.implicit = 'maybe'\n", 3, 17, "remote.a.tls.implicit",
     "true or false", false},
    {"[remote.a]\naddress = 'x.y'\nauth.username = 'u'\nauth.secret = '%{env:NONE}%'\n", 4, 15,
     "remote.a.auth.secret", "there is no env:NONE", false},
    {"log.target = '%{cfg:x}%'\n", 1, 14, "log.target", "%{env:NAME}%", false},
    {"log.target = '%{env:TOKEN'\n", 1, 14, "log.target", "not closed", false},
    {"[queue.limiter.outbound.a]\nkey = 'mx'\n", 1, 1, "queue.limiter.outbound.a", "limits nothing",
     false},
    {"[queue.limiter.outbound.a]\nrate = '5/1ms'\n", 2, 9, "queue.limiter.outbound.a.rate",
     "is not a rate", false},
    {"[queue.limiter.outbound.a]\nrate = '5/1s'\nkey = ['mx', 'rcpt']\n", 3, 15,
     "queue.limiter.outbound.a.key", "rcpt_domain", false},
    {"[[queue.throttle]]\nrate = '5/1s'\nmacth = 'x'\n", 3, 1, "queue.throttle.0000.macth",
     "did you mean match?", false},
    {"[queue.limiter.outbound.a]\nrate = '5/1s'\nmatch = \"is_empty(dns_query(sender, 'mx'))\"\n",
     1, 1, "queue.limiter.outbound.a", "dns_query() cannot be used", false},
    {"[[queue.quota]]\nkey = 'sender'\n", 1, 1, "queue.quota.0000", "limits nothing", false},
    {"[[queue.quota]]\nsize = 'much'\n", 2, 9, "queue.quota.0000.size", "50 MiB", false},
    {"lookup.a = 5\n", 1, 12, "lookup.a", "without a store", false},
    {"lookup.a.b = [1]\n", 1, 14, "lookup.a.b", "cannot be looked up", false},
    {"server.hostname = \"'mx.example.org'\"\n", 1, 20, "server.hostname", "without quotes inside",
     false},
    {"server.hostname = 'a b'\n", 1, 20, "server.hostname", "must be a domain name", false},
    {"submit.listen = 'localhost:25'\n", 1, 18, "submit.listen", "not an IP address", false},
    {"submit.listen = '10.0.0.1'\n", 1, 18, "submit.listen", "has no port", false},
    {"submit.listen = 'unix:run'\n", 1, 18, "submit.listen", "unix:/PATH", false},
    {"submit.networks = ['10.0.0.0/40']\n", 1, 19, "submit.networks", "is not a network", false},
    {"submit.max-size = 'huge'\n", 1, 20, "submit.max-size", "50 MiB", false},
    {"submit.mode = 666\n", 1, 15, "submit.mode", "octal", false},
    {"submit.bare-newline = 'keep'\n", 1, 24, "submit.bare-newline", "repair or refuse", false},
    {"submit.timeout = 5\n", 1, 18, "submit.timeout", "milliseconds", true},
    {"submit.tls.certificate = '-----BEGIN'\n", 1, 26, "submit.tls.certificate", "private-key",
     false},
    {"submit.tls.require = true\n", 1, 22, "submit.tls.require", "needs submit.tls", false},
    {"worker.count = 'many'\n", 1, 17, "worker.count", "auto", false},
    {"log.level = 'loud'\n", 1, 14, "log.level", "debug", false},
    {"log.deliveries = 'x.log'\n", 1, 19, "log.deliveries", "absolute path", false},
    {"spool.min-free = '200 %'\n", 1, 19, "spool.min-free", "percentage", false},
    {"resolver.servers = ['dns.google']\n", 1, 20, "resolver.servers", "not an IP address", false},
    {"resolver.trust-ad = 'maybe'\n", 1, 22, "resolver.trust-ad", "auto, true or false", false},
    {"resolver.attempts = 0\n", 1, 21, "resolver.attempts", "1 or more", false},
    {"resolver.type = 'system'\n", 1, 10, "resolver.type", "Stalwart", true},
    {"report.dsn.sign = 'x'\n", 1, 12, "report.dsn.sign", "not signed", true},
    {"report.dsn.from-address = \"'x'\"\n", 1, 28, "report.dsn.from-address", "a mail address",
     false},
    {"report.tls.aggregate.send = \"daily\"\n", 1, 29, "report.tls.aggregate.send",
     "set report.domain", true},
    {"lookup.default.hostname = 'a b'\n", 1, 27, "lookup.default.hostname", "a domain name", false},
    {"log.target = \"a\\.b\"\n", 1, 16, "syntax", "escape", true},
    {"lookup.x = { a = 1,\n b = 2 }\n", 1, 20, "syntax", "inline table", true},
    {"[log]\n[log]\n", 2, 1, "syntax", "", true},
    {"a = = b\n", 1, 5, "syntax", "", false},
    {"log.level = 'info'\nlog.level = 'warn'\n", 2, 5, "syntax", "", false},
    {"log.level = 'info'\n\"log.level\" = 'warn'\n", 2, 15, "log.level", "given twice", false},
};

START_TEST(each_mistake_has_a_place_and_words)
{
	const struct mistake *mistake = &mistakes[_i];
	struct fixture fixture = fixture_load(mistake->text);
	struct str shown = {0};
	bool found = false;

	for (size_t i = 0; i < settings_complaint_count(fixture.complaints); i++) {
		const struct settings_complaint *at = settings_complaint_at(fixture.complaints, i);

		found |= at->line == mistake->line && at->column == mistake->column &&
			 strcmp(at->key, mistake->key) == 0 && at->warning == mistake->warning &&
			 strstr(at->text, mistake->words) != NULL;
	}
	settings_complaint_print(fixture.complaints, &shown);
	ck_assert_msg(found, "%swants %u:%u: %s: ...%s..., has\n%s", mistake->text, mistake->line,
		      mistake->column, mistake->key, mistake->words, str_c(&shown));
	ck_assert_msg((fixture.settings == NULL) == !mistake->warning, "%s%s", mistake->text,
		      str_c(&shown));
	str_free(&shown);
	fixture_free(&fixture);
}
END_TEST

START_TEST(all_mistakes_of_a_file_are_reported_in_order)
{
	struct fixture fixture = fixture_load("[queue.outbound]\n"
					      "limits.mx = 0\n"
					      "hostname = \"'a b'\"\n"
					      "unheard = 1\n"
					      "source-ip.v4 = [\"x.y\", \"::1\"]\n"
					      "[log]\n"
					      "level = 'loud'\n"
					      "[remote.a]\n"
					      "port = 0\n"
					      "[submit]\n"
					      "listen = 'x'\n"
					      "[store]\n"
					      "a = 1\n");
	static const unsigned lines[] = {2, 3, 4, 5, 5, 7, 9, 11, 12};
	struct str shown = {0};

	ck_assert_ptr_null(fixture.settings);
	ck_assert_uint_eq(settings_complaint_count(fixture.complaints),
			  sizeof(lines) / sizeof(lines[0]));
	ck_assert_uint_eq(settings_complaint_errors(fixture.complaints),
			  sizeof(lines) / sizeof(lines[0]) - 1);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ck_assert_uint_eq(settings_complaint_at(fixture.complaints, i)->line, lines[i]);
	settings_complaint_print(fixture.complaints, &shown);
	ck_assert_ptr_nonnull(strstr(str_c(&shown), "t.toml:2:13: queue.outbound.limits.mx: the "));
	ck_assert_ptr_nonnull(strstr(str_c(&shown), "t.toml:12:2: store: warning: "));
	str_free(&shown);
	fixture_free(&fixture);
}
END_TEST

START_TEST(garbage_never_crashes)
{
	static const char good[] =
	    "[queue.outbound]\nlimits.mx = [ { if = \"retry_num > 1\", then = "
	    "2 }, { else = \"3\" } ]\n[remote.a]\naddress='b.c'\n"
	    "[[queue.throttle]]\nrate='1/1s'\nkey=['mx']\n";
	char text[sizeof(good)];
	unsigned seed = 7;

	for (size_t len = 0; len < sizeof(good); len++) {
		struct fixture fixture;

		memcpy(text, good, len);
		text[len] = '\0';
		fixture = fixture_load(text);
		fixture_free(&fixture);
		if (len == 0)
			continue;
		seed = seed * 1103515245 + 12345;
		memcpy(text, good, sizeof(good));
		text[len - 1] = (char)(seed >> 16 & 0x7f);
		fixture = fixture_load(text);
		fixture_free(&fixture);
	}
}
END_TEST

static Suite *
mistakes_suite(void)
{
	Suite *suite = suite_create("settings mistakes");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, each_mistake_has_a_place_and_words, 0,
			    (int)(sizeof(mistakes) / sizeof(mistakes[0])));
	tcase_add_test(tcase, all_mistakes_of_a_file_are_reported_in_order);
	tcase_add_test(tcase, garbage_never_crashes);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(mistakes_suite)
