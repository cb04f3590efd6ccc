#include <string.h>

#include "common/crc32c.h"
#include "common/domain.h"
#include "common/mailbox.h"
#include "common/netaddr.h"
#include "common/outcome.h"
#include "common/quantity.h"
#include "common/why.h"
#include "tests/unit/unit.h"

START_TEST(test_netaddr)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: refused */
	} cases[] = {
	    {"192.0.2.1:25", "192.0.2.1:25"},
	    {"192.0.2.1", "192.0.2.1:587"},
	    {"[2001:db8::1]:25", "[2001:db8::1]:25"},
	    {"[2001:db8::1]", "[2001:db8::1]:587"},
	    {"2001:DB8::1", "[2001:db8::1]:587"},
	    {"192.0.2.1:", NULL},
	    {"192.0.2.1:0", NULL},
	    {"192.0.2.1:65536", NULL},
	    {"192.0.2.256:25", NULL},
	    {"[2001:db8::1]25", NULL},
	    {"[2001:db8::1", NULL},
	    {"mx.example.org:25", NULL},
	    {"", NULL},
	};
	struct netaddr address;
	struct why why;
	char text[NETADDR_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ok = netaddr_parse_port(slice_of(cases[i].text), 587, &address, &why);

		ck_assert_msg(ok == (cases[i].printed != NULL), "%s", cases[i].text);
		if (ok)
			ck_assert_str_eq(netaddr_text_port(text, &address), cases[i].printed);
	}
}
END_TEST

START_TEST(test_netaddr_usable)
{
	static const char *const unusable[] = {
	    "127.0.0.1", "0.0.0.0", "0.1.2.3", "169.254.1.1", "224.0.0.1",       "255.255.255.255",
	    "::1",       "::",      "fe80::1", "ff02::1",     "::ffff:192.0.2.1"};
	static const char *const usable[] = {"192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1"};
	struct netaddr address;

	for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
		ck_assert(netaddr_parse(slice_of(unusable[i]), 25, &address));
		ck_assert_msg(!netaddr_is_usable(&address), "%s", unusable[i]);
	}
	for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
		ck_assert(netaddr_parse(slice_of(usable[i]), 25, &address));
		ck_assert_msg(netaddr_is_usable(&address), "%s", usable[i]);
	}
}
END_TEST

START_TEST(test_netaddr_prefix)
{
	static const struct {
		const char *prefix;
		const char *address;
		bool inside;
	} cases[] = {
	    {"192.0.2.0/24", "192.0.2.255", true},
	    {"192.0.2.0/25", "192.0.2.128", false},
	    {"192.0.2.7", "192.0.2.7", true},
	    {"0.0.0.0/0", "203.0.113.9", true},
	    {"0.0.0.0/0", "::1", false},
	    {"2001:db8::/33", "2001:db8:8000::", false},
	    {"2001:db8::/33", "2001:db8:7fff::", true},
	};
	struct netaddr_prefix prefix;
	struct netaddr address;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(netaddr_parse_prefix(slice_of(cases[i].prefix), &prefix));
		ck_assert(netaddr_parse(slice_of(cases[i].address), 0, &address));
		ck_assert_msg(netaddr_contains(&prefix, &address) == cases[i].inside, "%s in %s",
			      cases[i].address, cases[i].prefix);
	}
	ck_assert(!netaddr_parse_prefix(slice_of("192.0.2.0/33"), &prefix));
	ck_assert(!netaddr_parse_prefix(slice_of("192.0.2.0/"), &prefix));
}
END_TEST

START_TEST(test_domain)
{
	static const struct {
		const char *name;
		bool valid;
	} cases[] = {
	    {"example.org", true},
	    {"localhost", true},
	    {"_dmarc.example.org", true},
	    {"xn--bcher-kva.example", true},
	    {"-a.example", false},
	    {"a-.example", false},
	    {"a..example", false},
	    {".example", false},
	    {"example.", false},
	    {"exam ple.org", false},
	    {"b\xc3\xbc"
	     "cher.example",
	     false},
	    {"", false},
	};
	char text[DOMAIN_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(domain_is_valid(slice_of(cases[i].name)) == cases[i].valid, "%s",
			      cases[i].name);
	ck_assert(domain_is_valid_utf8(slice_of("b\xc3\xbc"
						"cher.example")));
	ck_assert(domain_is_ehlo_name(slice_of("[192.0.2.1]")));
	ck_assert(domain_is_ehlo_name(slice_of("[IPv6:2001:db8::1]")));
	ck_assert(!domain_is_ehlo_name(slice_of("[2001:db8::1]")));
	ck_assert(!domain_is_ehlo_name(slice_of("[IPv6:192.0.2.1]")));
	ck_assert(domain_normalize(slice_of("MX.Example.ORG."), text));
	ck_assert_str_eq(text, "mx.example.org");
	ck_assert(slice_is(domain_of(slice_of("\"a@b\"@c.d")), "c.d"));
	ck_assert_uint_eq(domain_of(slice_of("nobody")).len, 0);
}
END_TEST

START_TEST(test_mailbox)
{
	static const struct {
		const char *text;
		const char *domain; /* NULL: refused */
	} cases[] = {
	    {"a@example.org", "example.org"},
	    {"first.last+tag@example.org", "example.org"},
	    {"\"quoted @ local\"@example.org", "example.org"},
	    {"\"q\\\"q\"@example.org", "example.org"},
	    {"a@[192.0.2.1]", "[192.0.2.1]"},
	    {"Postmaster", ""},
	    {"a", NULL},
	    {"a@", NULL},
	    {"@example.org", NULL},
	    {".a@example.org", NULL},
	    {"a.@example.org", NULL},
	    {"a..b@example.org", NULL},
	    {"a b@example.org", NULL},
	    {"a@b@example.org", NULL},
	    {"\"open@example.org", NULL},
	    {"a@exa mple.org", NULL},
	    {"a\r\n@example.org", NULL},
	};
	struct mailbox mailbox;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ok = mailbox_parse(slice_of(cases[i].text), &mailbox);

		ck_assert_msg(ok == (cases[i].domain != NULL), "%s", cases[i].text);
		if (ok)
			ck_assert_msg(slice_is(mailbox.domain, cases[i].domain), "%s",
				      cases[i].text);
	}
	ck_assert(mailbox_parse(slice_of("us\xc3\xa9r@example.org"), &mailbox));
	ck_assert(mailbox.utf8);
}
END_TEST

START_TEST(test_mailbox_path)
{
	static const struct {
		const char *text;
		const char *path; /* NULL: refused */
		const char *rest;
	} cases[] = {
	    {"<a@example.org> SIZE=10", "a@example.org", " SIZE=10"},
	    {"<>", "", ""},
	    {"<postmaster>", "postmaster", ""},
	    {"<@x.example,@y.example:a@example.org>", "a@example.org", ""},
	    {"<\"a>b\"@example.org>", "\"a>b\"@example.org", ""},
	    {"a@example.org", NULL, NULL},
	    {"<a@example.org", NULL, NULL},
	    {"<a@@example.org>", NULL, NULL},
	};
	struct slice path;
	struct slice rest;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ok = mailbox_parse_path(slice_of(cases[i].text), &path, &rest);

		ck_assert_msg(ok == (cases[i].path != NULL), "%s", cases[i].text);
		if (!ok)
			continue;
		ck_assert_msg(slice_is(path, cases[i].path), "%s", cases[i].text);
		ck_assert_msg(slice_is(rest, cases[i].rest), "%s", cases[i].text);
	}
}
END_TEST

START_TEST(test_quantity)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} cases[] = {
	    {"3m", 180000},
	    {"1d12h", 129600000},
	    {"500ms", 500},
	    {"1h30m5s250ms", 5405250},
	    {"2M", 120000},
	    {"90", 90},
	    {"1m2", -1},
	    {"1h1d", -1},
	    {"1m1m", -1},
	    {"", -1},
	    {"m", -1},
	    {"-1s", -1},
	    {"1w", -1},
	    {"99999999999999999999d", -1},
	    {"9223372036854775807d", -1},
	};
	char text[QUANTITY_TEXT];
	int64_t value;
	int64_t period;
	struct why why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		value = -1;
		quantity_duration(slice_of(cases[i].text), &value, NULL, &why);
		ck_assert_msg(value == cases[i].ms, "%s: %lld", cases[i].text, (long long)value);
	}
	ck_assert_str_eq(quantity_duration_text(text, 129600000), "1d12h");
	ck_assert_str_eq(quantity_duration_text(text, 0), "0s");
	ck_assert(quantity_size(slice_of("50 MiB"), &value, &why) && value == 52428800);
	ck_assert(quantity_size(slice_of("10kb"), &value, &why) && value == 10000);
	ck_assert(!quantity_size(slice_of("10 tons"), &value, &why));
	ck_assert(quantity_rate(slice_of("100/1s"), &value, &period, &why));
	ck_assert(value == 100 && period == 1000);
	ck_assert(!quantity_rate(slice_of("100/500ms"), &value, &period, &why));
	ck_assert(!quantity_rate(slice_of("0/1s"), &value, &period, &why));
	ck_assert(!quantity_rate(slice_of("100"), &value, &period, &why));
}
END_TEST

START_TEST(test_crc32c)
{
	/* Check value of the catalogue of parametrised CRC algorithms for CRC-32/ISCSI. */
	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(crc32c(crc32c(0, "12345", 5), "6789", 4), 0xe3069283);
	ck_assert_uint_eq(crc32c(0, "", 0), 0);
}
END_TEST

START_TEST(test_enhanced)
{
	struct outcome_enhanced e;
	char text[OUTCOME_ENHANCED_TEXT];

	ck_assert(outcome_enhanced_parse(slice_of("5.1.10"), &e));
	ck_assert_str_eq(outcome_enhanced_text(text, e), "5.1.10");
	ck_assert(!outcome_enhanced_parse(slice_of("3.1.1"), &e));
	ck_assert(!outcome_enhanced_parse(slice_of("5.1"), &e));
	ck_assert(!outcome_enhanced_parse(slice_of("5.1.1."), &e));
	ck_assert(!outcome_enhanced_parse(slice_of("5.1.1111"), &e));
	ck_assert(!outcome_enhanced_parse(slice_of("5..1"), &e));
}
END_TEST

static Suite *
parsers_suite(void)
{
	Suite *suite = suite_create("parsers");
	TCase *tcase = tcase_create("parsers");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, test_netaddr);
	tcase_add_test(tcase, test_netaddr_usable);
	tcase_add_test(tcase, test_netaddr_prefix);
	tcase_add_test(tcase, test_domain);
	tcase_add_test(tcase, test_mailbox);
	tcase_add_test(tcase, test_mailbox_path);
	tcase_add_test(tcase, test_quantity);
	tcase_add_test(tcase, test_crc32c);
	tcase_add_test(tcase, test_enhanced);
	return suite;
}

UNIT_MAIN(parsers_suite)
