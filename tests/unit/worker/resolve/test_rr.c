#include "worker/resolve/rr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "tests/unit/unit.h"
#include "tests/unit/worker/resolve/packet.h"

static struct packet packet;
static struct arena *arena;
static struct resolve_rr_reply reply;

static void
setup(void)
{
	arena = arena_new();
}

static void
teardown(void)
{
	arena_free(&arena);
}

/* From memory of exactly this size, so that the sanitizer sees a byte too many. */
static void
parse_bytes(const uint8_t *data, size_t len, const char *text, enum resolve_type type)
{
	struct resolve_name name;
	uint8_t *exact = malloc(len ? len : 1);

	memcpy(exact, data, len);
	ck_assert(resolve_name_set(&name, text));
	resolve_rr_parse(arena, exact, len, &name, type, &reply);
	free(exact);
}

static void
parse(const char *text, enum resolve_type type)
{
	parse_bytes(packet.data, packet.len, text, type);
}

START_TEST(test_rr_question)
{
	uint8_t data[RESOLVE_RR_QUESTION_MAX];
	static const char expected[] = "\x12\x34\1\0\0\1\0\0\0\0\0\1\4_tcp\1a\0\0\x34\0\1"
				       "\0\0\x29\x04\xd0\0\0\x80\0\0\0";
	struct resolve_name name;
	size_t len;

	ck_assert(resolve_name_set(&name, "_TCP.a."));
	len = resolve_rr_question(data, 0x1234, &name, RESOLVE_TLSA);
	ck_assert_uint_eq(len, sizeof(expected) - 1);
	ck_assert_mem_eq(data, expected, len);
}
END_TEST

START_TEST(test_rr_addresses)
{
	char text[INET6_ADDRSTRLEN];

	packet_begin(&packet, 7, PACKET_AD, "ExAmple.test", 1);
	packet_a(&packet, "example.TEST", 300, "192.0.2.1");
	packet_a(&packet, "other.test", 1, "192.0.2.9");
	packet_a(&packet, "example.test", 200, "192.0.2.2");
	packet_bytes(&packet, "garbage", 7);
	parse("example.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_OK);
	ck_assert(reply.authentic && reply.matches && !reply.truncated);
	ck_assert_uint_eq(reply.answer.count, 2);
	ck_assert_uint_eq(reply.answer.ttl, 200);
	ck_assert_str_eq(reply.answer.canonical, "example.test");
	ck_assert_str_eq(inet_ntop(AF_INET, &reply.answer.records[1].a, text, sizeof(text)),
			 "192.0.2.2");

	packet_begin(&packet, 7, 0, "a.test", 28);
	packet_end(&packet, (packet_record(&packet, PACKET_ANSWER, "a.test", 28, 60)));
	parse("a.test", RESOLVE_AAAA);
	ck_assert_int_eq(reply.answer.status, RESOLVE_GARBAGE);
	ck_assert_uint_eq(reply.answer.dropped, 1);

	size_t place = packet_record(&packet, PACKET_ANSWER, "a.test", 28, 0x80000001);
	struct in6_addr six;

	inet_pton(AF_INET6, "2001:db8::1", &six);
	packet_bytes(&packet, &six, sizeof(six));
	packet_end(&packet, place);
	parse("a.test", RESOLVE_AAAA);
	ck_assert_int_eq(reply.answer.status, RESOLVE_OK);
	ck_assert(!reply.authentic);
	ck_assert_uint_eq(reply.answer.count, 1);
	ck_assert_uint_eq(reply.answer.dropped, 1);
	ck_assert_uint_eq(reply.answer.ttl, 0);
	ck_assert_mem_eq(&reply.answer.records[0].aaaa, &six, sizeof(six));
}
END_TEST

START_TEST(test_rr_mx)
{
	size_t place;

	packet_begin(&packet, 7, 0, "test", 15);
	packet_mx(&packet, "test", 50, 10, "MX1.test");
	packet_mx(&packet, "test", 50, 0, ".");
	packet_mx(&packet, "test", 50, 65535, "we ird.test");
	place = packet_record(&packet, PACKET_ANSWER, "test", 15, 50);
	packet_put16(&packet, 5);
	packet_bytes(&packet, "\2mx\300\14", 5);
	packet_end(&packet, place);
	place = packet_record(&packet, PACKET_ANSWER, "test", 15, 50);
	packet_put16(&packet, 5);
	packet_bytes(&packet, "\2mx\300\14x", 6);
	packet_end(&packet, place);
	parse("test", RESOLVE_MX);
	ck_assert_int_eq(reply.answer.status, RESOLVE_OK);
	ck_assert_uint_eq(reply.answer.count, 4);
	ck_assert_uint_eq(reply.answer.dropped, 1);
	ck_assert_str_eq(reply.answer.records[0].mx.host, "mx1.test");
	ck_assert(reply.answer.records[0].mx.is_host);
	ck_assert_uint_eq(reply.answer.records[0].mx.preference, 10);
	ck_assert_str_eq(reply.answer.records[1].mx.host, ".");
	ck_assert(!reply.answer.records[1].mx.is_host);
	ck_assert_str_eq(reply.answer.records[2].mx.host, "we\\032ird.test");
	ck_assert(!reply.answer.records[2].mx.is_host);
	ck_assert_uint_eq(reply.answer.records[2].mx.preference, 65535);
	ck_assert_str_eq(reply.answer.records[3].mx.host, "mx.test");
}
END_TEST

START_TEST(test_rr_txt_and_tlsa)
{
	size_t place;

	packet_begin(&packet, 7, 0, "_mta-sts.test", 16);
	place = packet_record(&packet, PACKET_ANSWER, "_mta-sts.test", 16, 50);
	packet_bytes(&packet, "\3v=S\4TSv1\0\2;\0", 13);
	packet_end(&packet, place);
	place = packet_record(&packet, PACKET_ANSWER, "_mta-sts.test", 16, 50);
	packet_bytes(&packet, "\5cut", 4);
	packet_end(&packet, place);
	parse("_mta-sts.test", RESOLVE_TXT);
	ck_assert_int_eq(reply.answer.status, RESOLVE_OK);
	ck_assert_uint_eq(reply.answer.count, 1);
	ck_assert_uint_eq(reply.answer.dropped, 1);
	ck_assert_uint_eq(reply.answer.records[0].txt.len, 9);
	ck_assert_mem_eq(reply.answer.records[0].txt.data, "v=STSv1;\0", 10);

	packet_begin(&packet, 7, 0, "_25._tcp.mx.test", 52);
	place = packet_record(&packet, PACKET_ANSWER, "_25._tcp.mx.test", 52, 50);
	packet_bytes(&packet, "\3\1\1\252\273", 5);
	packet_end(&packet, place);
	place = packet_record(&packet, PACKET_ANSWER, "_25._tcp.mx.test", 52, 50);
	packet_bytes(&packet, "\3\1\1", 3);
	packet_end(&packet, place);
	parse("_25._tcp.mx.test", RESOLVE_TLSA);
	ck_assert_uint_eq(reply.answer.count, 1);
	ck_assert_uint_eq(reply.answer.records[0].tlsa.usage, 3);
	ck_assert_uint_eq(reply.answer.records[0].tlsa.selector, 1);
	ck_assert_uint_eq(reply.answer.records[0].tlsa.matching, 1);
	ck_assert_uint_eq(reply.answer.records[0].tlsa.len, 2);
	ck_assert_mem_eq(reply.answer.records[0].tlsa.data, "\252\273", 2);
}
END_TEST

START_TEST(test_rr_aliases)
{
	/* In the wrong order, and with one that leads elsewhere. */
	packet_begin(&packet, 7, 0, "a.test", 1);
	packet_a(&packet, "d.test", 90, "192.0.2.4");
	packet_cname(&packet, "c.test", 80, "D.test");
	packet_cname(&packet, "x.test", 1, "y.test");
	packet_cname(&packet, "b.test", 40, "c.test");
	packet_cname(&packet, "a.test", 70, "b.test");
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_OK);
	ck_assert_uint_eq(reply.answer.count, 1);
	ck_assert_uint_eq(reply.answer.ttl, 40);
	ck_assert_str_eq(reply.answer.canonical, "d.test");

	/* Leads out of the packet. */
	packet_begin(&packet, 7, 0, "a.test", 1);
	packet_cname(&packet, "a.test", 70, "b.test");
	packet_soa(&packet, 60, 30);
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_NODATA);
	ck_assert_str_eq(reply.answer.canonical, "b.test");
	ck_assert_uint_eq(reply.answer.ttl, 30);

	/* Its end does not exist. */
	packet_begin(&packet, 7, 3, "a.test", 1);
	packet_cname(&packet, "a.test", 20, "b.test");
	packet_soa(&packet, 60, 30);
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_NXDOMAIN);
	ck_assert_uint_eq(reply.answer.ttl, 20);

	packet_begin(&packet, 7, 0, "a.test", 1);
	packet_cname(&packet, "a.test", 20, "b.test");
	packet_cname(&packet, "b.test", 20, "a.test");
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_GARBAGE);
	ck_assert_str_eq(reply.words, "alias loop");
}
END_TEST

START_TEST(test_rr_denials)
{
	packet_begin(&packet, 7, 3 | PACKET_AD, "a.test", 1);
	packet_soa(&packet, 100, 900);
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_NXDOMAIN);
	ck_assert(reply.authentic);
	ck_assert_uint_eq(reply.answer.ttl, 100);
	ck_assert_uint_eq(reply.answer.count, 0);

	packet_begin(&packet, 7, 0, "a.test", 1);
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_NODATA);
	ck_assert_uint_eq(reply.answer.ttl, 0);

	packet_begin(&packet, 7, 3, "a.test", 1);
	packet_a(&packet, "a.test", 300, "192.0.2.1");
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_NXDOMAIN);
	ck_assert_uint_eq(reply.answer.count, 0);
}
END_TEST

static void
put_edns(uint32_t ttl, const char *options, size_t len)
{
	size_t place = packet_record(&packet, PACKET_ADDITIONAL, ".", 41, ttl);

	packet_bytes(&packet, options, len);
	packet_end(&packet, place);
}

START_TEST(test_rr_failures)
{
	static const struct {
		unsigned flags;
		enum resolve_status status;
		const char *words;
	} rows[] = {
	    {1, RESOLVE_SERVFAIL, "FORMERR"}, {2, RESOLVE_SERVFAIL, "SERVFAIL"},
	    {4, RESOLVE_REFUSED, "NOTIMP"},   {5, RESOLVE_REFUSED, "REFUSED"},
	    {6, RESOLVE_SERVFAIL, "RCODE 6"}, {15, RESOLVE_SERVFAIL, "RCODE 15"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		packet_begin(&packet, 7, rows[i].flags, "a.test", 1);
		parse("a.test", RESOLVE_A);
		ck_assert_int_eq(reply.answer.status, rows[i].status);
		ck_assert_str_eq(reply.words, rows[i].words);
		ck_assert_uint_eq(reply.answer.ttl, 0);
	}
	packet_begin(&packet, 7, 2, "a.test", 1);
	put_edns(0, "\0\12\0\1x\0\17\0\6\0\6no\ntime", 15);
	parse("a.test", RESOLVE_A);
	ck_assert_str_eq(reply.words, "SERVFAIL (extended error 6: no\\x0at)");

	/* BADVERS is in the upper bits of the EDNS record. */
	packet_begin(&packet, 7, 0, "a.test", 1);
	put_edns(0x01000000, "", 0);
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_SERVFAIL);
	ck_assert_str_eq(reply.words, "BADVERS");

	packet_begin(&packet, 7, PACKET_TC, "a.test", 1);
	parse("a.test", RESOLVE_A);
	ck_assert(reply.truncated);
	ck_assert_int_eq(reply.answer.status, RESOLVE_GARBAGE);
	packet_begin(&packet, 7, PACKET_TC | 2, "a.test", 1);
	parse("a.test", RESOLVE_A);
	ck_assert(!reply.truncated);
	ck_assert_int_eq(reply.answer.status, RESOLVE_SERVFAIL);
}
END_TEST

static void
expect_foreign(void)
{
	parse("a.test", RESOLVE_A);
	ck_assert(!reply.matches);
	ck_assert_int_eq(reply.answer.status, RESOLVE_GARBAGE);
	ck_assert_uint_eq(reply.answer.count, 0);
}

START_TEST(test_rr_foreign)
{
	packet_begin(&packet, 7, 0, "b.test", 1);
	packet_a(&packet, "a.test", 300, "192.0.2.1");
	expect_foreign();
	packet_begin(&packet, 7, 0, "a.test", 15);
	packet_a(&packet, "a.test", 300, "192.0.2.1");
	expect_foreign();
	packet_begin(&packet, 7, 0, "a.test", 1);
	packet.data[packet.len - 1] = 3; /* class CHAOS */
	expect_foreign();
	packet_begin(&packet, 7, 0, "a.test", 1);
	packet.data[2] &= 0x7f; /* a question */
	expect_foreign();
	packet_begin(&packet, 7, 0, "a.test", 1);
	packet.data[2] |= 0x10; /* another opcode */
	expect_foreign();
	packet_begin(&packet, 7, 0, "a.test", 1);
	packet.data[5] = 2;
	expect_foreign();
	packet_begin(&packet, 7, 0, "a.test", 1);
	packet.data[12] = 0xc0; /* the question's name points to itself */
	packet.data[13] = 12;
	expect_foreign();
}
END_TEST

static void
build_rich(void)
{
	packet_begin(&packet, 7, PACKET_AD, "a.test", 15);
	packet_cname(&packet, "a.test", 70, "b.test");
	packet_mx(&packet, "b.test", 50, 10, "mx1.test");
	packet_mx(&packet, "b.test", 60, 20, "mx2.test");
	packet_soa(&packet, 60, 30);
	put_edns(0, "\0\17\0\6\0\6text", 10);
}

/* What is said of a part is never more than what is said of the whole. */
START_TEST(test_rr_every_truncation)
{
	size_t answers;

	build_rich();
	parse("a.test", RESOLVE_MX);
	ck_assert_uint_eq(reply.answer.count, 2);
	ck_assert_uint_eq(reply.answer.ttl, 50);
	packet_begin(&packet, 7, PACKET_AD, "a.test", 15);
	packet_cname(&packet, "a.test", 70, "b.test");
	packet_mx(&packet, "b.test", 50, 10, "mx1.test");
	packet_mx(&packet, "b.test", 60, 20, "mx2.test");
	answers = packet.len;
	build_rich();
	for (size_t len = 0; len < packet.len; len++) {
		parse_bytes(packet.data, len, "a.test", RESOLVE_MX);
		ck_assert_int_eq(reply.answer.status, len < answers ? RESOLVE_GARBAGE : RESOLVE_OK);
		ck_assert_uint_eq(reply.answer.count, len < answers ? 0 : 2);
	}
}
END_TEST

START_TEST(test_rr_random_mutations)
{
	static const enum resolve_type types[] = {RESOLVE_A, RESOLVE_MX, RESOLVE_TXT, RESOLVE_AAAA,
						  RESOLVE_TLSA};
	unsigned seed = 42, usable = 0;

	for (int turn = 0; turn < 30000; turn++) {
		enum resolve_type type = types[rand_r(&seed) % 5];
		bool retyped = rand_r(&seed) % 2;

		build_rich();

		/* The same bytes taken for records of another type. */
		for (size_t i = 0; retyped && i + 3 < packet.len; i++) {
			if (memcmp(packet.data + i, "\0\17\0\1", 4) == 0)
				packet.data[i + 1] = (uint8_t)type;
		}
		for (int n = rand_r(&seed) % 6; n > 0; n--)
			packet.data[(size_t)rand_r(&seed) % packet.len] = (uint8_t)rand_r(&seed);
		parse_bytes(packet.data, packet.len - (size_t)rand_r(&seed) % 8, "a.test", type);
		ck_assert(reply.answer.status == RESOLVE_OK || reply.answer.count == 0);
		ck_assert(reply.answer.status != RESOLVE_OK || reply.answer.count > 0);
		ck_assert_ptr_nonnull(reply.words);
		usable += reply.answer.status == RESOLVE_OK;
		arena_reset(arena);
	}
	ck_assert_uint_gt(usable, 1000);
}
END_TEST

/* 5,000 records and a chain through them must not take long. */
START_TEST(test_rr_crowd)
{
	packet_begin(&packet, 7, 0, "a.test", 1);
	for (int i = 0; i < 14; i++) {
		char from[16], to[16];

		snprintf(from, sizeof(from), "%c.test", 'a' + i);
		snprintf(to, sizeof(to), "%c.test", 'b' + i);
		packet_cname(&packet, from, 100, to);
	}
	while (packet.len < 65000)
		packet_a(&packet, ".", 100, "192.0.2.1");
	parse("a.test", RESOLVE_A);
	ck_assert_int_eq(reply.answer.status, RESOLVE_NODATA);
	ck_assert_str_eq(reply.answer.canonical, "o.test");
}
END_TEST

static Suite *
rr_suite(void)
{
	Suite *suite = suite_create("resolve/rr");
	TCase *tcase = tcase_create("rr");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_rr_question);
	tcase_add_test(tcase, test_rr_addresses);
	tcase_add_test(tcase, test_rr_mx);
	tcase_add_test(tcase, test_rr_txt_and_tlsa);
	tcase_add_test(tcase, test_rr_aliases);
	tcase_add_test(tcase, test_rr_denials);
	tcase_add_test(tcase, test_rr_failures);
	tcase_add_test(tcase, test_rr_foreign);
	tcase_add_test(tcase, test_rr_every_truncation);
	tcase_add_test(tcase, test_rr_random_mutations);
	tcase_add_test(tcase, test_rr_crowd);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(rr_suite)
