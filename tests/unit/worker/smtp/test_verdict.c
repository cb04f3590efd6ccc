#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "worker/smtp/reply.h"
#include "worker/smtp/verdict.h"

#define NONE SMTP_NEXT_NONE
#define STOP SMTP_NEXT_STOP
#define SESS SMTP_NEXT_SESSION
#define ADDR SMTP_NEXT_ADDRESS
#define HOST SMTP_NEXT_HOST
#define DLV  OUTCOME_DELIVERED
#define TMP  OUTCOME_TEMPORARY
#define PRM  OUTCOME_PERMANENT

enum {
	REUSED = 1,
	BDAT = 2,
	HELO = 4,
	LMTP = 8,
	STRICT = 16, /* greeting-5xx = bounce */
	CLEAR = 32,  /* in clear because TLS failed */
	SOME = 64    /* one recipient was accepted */
};

enum {
	LOST = 1, /* the session is of no more use */
	UNKNOWN = 2,
	TOO_MANY = 4,
	ALERT = 8,
	USE_HELO = 16,
	NO_BDAT = 32,
	SOURCE = 64
};

static struct smtp_verdict_facts
facts_of(unsigned bits)
{
	return (struct smtp_verdict_facts){.accepted = bits & SOME ? 1 : 0,
					   .lmtp = bits & LMTP,
					   .reused = bits & REUSED,
					   .bdat = bits & BDAT,
					   .helo = bits & HELO,
					   .greeting_permanent = bits & STRICT,
					   .fallback_clear = bits & CLEAR};
}

static const struct {
	enum outcome_step step;
	unsigned facts;
	const char *reply;
	enum smtp_next next;
	enum outcome_class class; /* counts where next is not NONE, and for RCPT */
	unsigned flags;
	const char *enhanced;
} rows[] = {
    {OUTCOME_STEP_GREETING, 0, "220 hi", NONE, DLV, 0, ""},
    {OUTCOME_STEP_GREETING, 0, "250 hi", ADDR, TMP, LOST, ""},
    {OUTCOME_STEP_GREETING, 0, "421 busy", ADDR, TMP, LOST, ""},
    {OUTCOME_STEP_GREETING, 0, "450 4.3.2 busy", ADDR, TMP, LOST, "4.3.2"},
    {OUTCOME_STEP_GREETING, 0, "521 5.3.2 no", HOST, PRM, LOST, "5.3.2"},
    {OUTCOME_STEP_GREETING, 0, "556 no", HOST, PRM, LOST, ""},
    {OUTCOME_STEP_GREETING, 0, "554 5.7.1 no", ADDR, TMP, LOST | SOURCE, "4.7.1"},
    {OUTCOME_STEP_GREETING, STRICT, "554 5.7.1 no", ADDR, PRM, LOST | SOURCE, "5.7.1"},
    {OUTCOME_STEP_GREETING, STRICT, "450 no", ADDR, TMP, LOST, ""},
    {OUTCOME_STEP_GREETING, 0, "700 no", ADDR, TMP, LOST, ""},
    {OUTCOME_STEP_EHLO, 0, "250 hi", NONE, DLV, 0, ""},
    {OUTCOME_STEP_EHLO, 0, "450 no", ADDR, TMP, 0, ""},
    {OUTCOME_STEP_EHLO, 0, "421 no", ADDR, TMP, LOST, ""},
    {OUTCOME_STEP_EHLO, 0, "502 no", NONE, DLV, USE_HELO, ""},
    {OUTCOME_STEP_EHLO, 0, "554 no", NONE, DLV, USE_HELO, ""},
    {OUTCOME_STEP_EHLO, HELO, "554 no", ADDR, TMP, 0, ""},
    {OUTCOME_STEP_EHLO, LMTP, "500 no", ADDR, TMP, 0, ""},
    {OUTCOME_STEP_EHLO, 0, "350 hm", ADDR, TMP, 0, ""},
    {OUTCOME_STEP_EHLO, 0, "999 hm", ADDR, TMP, LOST, ""},
    {OUTCOME_STEP_MAIL, 0, "250 ok", NONE, DLV, 0, ""},
    {OUTCOME_STEP_MAIL, REUSED, "250 ok", NONE, DLV, 0, ""},
    {OUTCOME_STEP_MAIL, 0, "451 no", STOP, TMP, 0, ""},
    {OUTCOME_STEP_MAIL, 0, "550 5.7.1 no", STOP, PRM, 0, "5.7.1"},
    {OUTCOME_STEP_MAIL, 0, "421 no", HOST, TMP, LOST, ""},
    {OUTCOME_STEP_MAIL, 0, "530 5.7.0 no", STOP, TMP, ALERT, "4.7.0"},
    {OUTCOME_STEP_MAIL, 0, "534 no", STOP, TMP, ALERT, ""},
    {OUTCOME_STEP_MAIL, 0, "535 no", STOP, TMP, ALERT, ""},
    {OUTCOME_STEP_MAIL, 0, "538 no", STOP, TMP, ALERT, ""},
    {OUTCOME_STEP_MAIL, 0, "354 no", STOP, TMP, LOST, ""},
    {OUTCOME_STEP_MAIL, 0, "100 no", STOP, TMP, LOST, ""},
    {OUTCOME_STEP_MAIL, CLEAR, "550 5.7.1 no", STOP, TMP, 0, "4.7.1"},
    {OUTCOME_STEP_MAIL, REUSED, "451 no", SESS, TMP, 0, ""},
    {OUTCOME_STEP_MAIL, REUSED, "550 no", SESS, TMP, 0, ""},
    {OUTCOME_STEP_MAIL, REUSED, "421 no", SESS, TMP, LOST, ""},
    {OUTCOME_STEP_MAIL, REUSED, "354 no", SESS, TMP, LOST, ""},
    {OUTCOME_STEP_RCPT, 0, "250 ok", NONE, DLV, 0, ""},
    {OUTCOME_STEP_RCPT, 0, "252 ok", NONE, DLV, 0, ""},
    {OUTCOME_STEP_RCPT, SOME, "450 no", NONE, TMP, 0, ""},
    {OUTCOME_STEP_RCPT, REUSED, "550 5.1.1 no", NONE, PRM, 0, "5.1.1"},
    {OUTCOME_STEP_RCPT, 0, "550 4.1.1 no", NONE, PRM, 0, ""},
    {OUTCOME_STEP_RCPT, CLEAR, "550 5.1.1 no", NONE, TMP, 0, "4.1.1"},
    {OUTCOME_STEP_RCPT, 0, "530 no", NONE, TMP, ALERT, ""},
    {OUTCOME_STEP_RCPT, SOME, "421 no", HOST, TMP, LOST, ""},
    {OUTCOME_STEP_RCPT, SOME, "452 no", NONE, TMP, TOO_MANY, ""},
    {OUTCOME_STEP_RCPT, SOME, "452 4.5.3 no", NONE, TMP, TOO_MANY, "4.5.3"},
    {OUTCOME_STEP_RCPT, SOME, "452 4.2.2 no", NONE, TMP, 0, "4.2.2"},
    {OUTCOME_STEP_RCPT, SOME, "552 no", NONE, TMP, TOO_MANY, ""},
    {OUTCOME_STEP_RCPT, SOME, "552 5.5.3 no", NONE, TMP, TOO_MANY, "4.5.3"},
    {OUTCOME_STEP_RCPT, SOME, "552 5.2.2 no", NONE, PRM, 0, "5.2.2"},
    {OUTCOME_STEP_RCPT, 0, "452 no", NONE, TMP, 0, ""},
    {OUTCOME_STEP_RCPT, 0, "552 no", NONE, PRM, 0, ""},
    {OUTCOME_STEP_RCPT, 0, "552 5.5.3 no", NONE, TMP, 0, "4.5.3"},
    {OUTCOME_STEP_RCPT, 0, "354 no", NONE, TMP, LOST, ""},
    {OUTCOME_STEP_RCPT, 0, "600 no", NONE, TMP, LOST, ""},
    {OUTCOME_STEP_DATA, SOME, "354 go", NONE, DLV, 0, ""},
    {OUTCOME_STEP_DATA, SOME, "451 no", STOP, TMP, 0, ""},
    {OUTCOME_STEP_DATA, SOME, "554 no", STOP, PRM, 0, ""},
    {OUTCOME_STEP_DATA, SOME | CLEAR, "554 no", STOP, TMP, 0, ""},
    {OUTCOME_STEP_DATA, SOME, "250 ok", STOP, TMP, LOST, ""},
    {OUTCOME_STEP_DATA, SOME, "350 ok", STOP, TMP, LOST, ""},
    {OUTCOME_STEP_DATA, SOME, "421 no", HOST, TMP, LOST, ""},
    {OUTCOME_STEP_CONTENT, SOME, "552 5.3.4 no", STOP, PRM, LOST, "5.3.4"},
    {OUTCOME_STEP_CONTENT, SOME | CLEAR, "552 no", STOP, PRM, LOST, ""},
    {OUTCOME_STEP_CONTENT, SOME, "452 no", STOP, TMP, LOST, ""},
    {OUTCOME_STEP_CONTENT, SOME, "250 ok", HOST, TMP, LOST, "4.5.0"},
    {OUTCOME_STEP_CONTENT, SOME, "354 ok", HOST, TMP, LOST, "4.5.0"},
    {OUTCOME_STEP_CONTENT, SOME, "421 no", HOST, TMP, LOST, ""},
    {OUTCOME_STEP_CONTENT, SOME | BDAT, "500 no", SESS, TMP, LOST | NO_BDAT, ""},
    {OUTCOME_STEP_CONTENT, SOME | BDAT, "554 no", STOP, PRM, LOST, ""},
    {OUTCOME_STEP_DOT, SOME, "250 2.0.0 ok", STOP, DLV, 0, "2.0.0"},
    {OUTCOME_STEP_DOT, SOME, "299 ok", STOP, DLV, 0, ""},
    {OUTCOME_STEP_DOT, SOME, "451 no", STOP, TMP, 0, ""},
    {OUTCOME_STEP_DOT, SOME, "554 no", STOP, PRM, 0, ""},
    {OUTCOME_STEP_DOT, SOME | CLEAR, "554 no", STOP, PRM, 0, ""},
    {OUTCOME_STEP_DOT, SOME, "421 no", STOP, TMP, LOST, ""},
    {OUTCOME_STEP_DOT, SOME, "354 no", STOP, TMP, LOST | UNKNOWN, ""},
    {OUTCOME_STEP_DOT, SOME, "150 no", STOP, TMP, LOST | UNKNOWN, ""},
    {OUTCOME_STEP_DOT, SOME | BDAT, "502 no", SESS, TMP, LOST | NO_BDAT, ""},
    {OUTCOME_STEP_DOT, SOME | BDAT, "550 no", STOP, PRM, 0, ""},
    {OUTCOME_STEP_DOT, SOME, "502 no", STOP, PRM, 0, ""},
};

static unsigned
flags_of(const struct smtp_verdict *verdict)
{
	return (verdict->in_step ? 0u : LOST) | (verdict->outcome.unknown ? UNKNOWN : 0u) |
	       (verdict->too_many ? TOO_MANY : 0u) | (verdict->alert ? ALERT : 0u) |
	       (verdict->use_helo ? USE_HELO : 0u) | (verdict->bdat_refused ? NO_BDAT : 0u) |
	       (verdict->other_source ? SOURCE : 0u);
}

START_TEST(test_verdict_reply)
{
	struct smtp_reply reply = {0};
	struct str text = {0};
	char enhanced[OUTCOME_ENHANCED_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_verdict_facts facts = facts_of(rows[i].facts);
		struct smtp_verdict verdict;
		size_t used;
		char line[80];

		snprintf(line, sizeof(line), "%s\r\n", rows[i].reply);
		smtp_reply_reset(&reply);
		ck_assert_int_eq(smtp_reply_feed(&reply, line, strlen(line), &used),
				 SMTP_REPLY_DONE);
		verdict = smtp_verdict_reply(rows[i].step, &reply, &facts, &text);
		ck_assert_msg(
		    verdict.next == rows[i].next && verdict.outcome.class == rows[i].class &&
			flags_of(&verdict) == rows[i].flags,
		    "%s %s (row %zu): next %d class %d flags %u", outcome_step_name(rows[i].step),
		    rows[i].reply, i, verdict.next, verdict.outcome.class, flags_of(&verdict));
		ck_assert_msg(strcmp(outcome_enhanced_text(enhanced, verdict.outcome.enhanced),
				     rows[i].enhanced) == 0,
			      "row %zu: %s", i, enhanced);
		ck_assert_int_eq(verdict.outcome.step, rows[i].step);
		if (verdict.outcome.class != OUTCOME_DELIVERED)
			ck_assert_int_eq(verdict.outcome.error, OUTCOME_ERROR_REPLY);
	}
	smtp_reply_free(&reply);
	str_free(&text);
}
END_TEST

START_TEST(test_verdict_trouble)
{
	static const struct {
		enum outcome_step step;
		unsigned facts;
		enum smtp_next next;
		bool unknown;
	} cases[] = {
	    {OUTCOME_STEP_GREETING, 0, ADDR, false},       {OUTCOME_STEP_EHLO, 0, ADDR, false},
	    {OUTCOME_STEP_MAIL, 0, HOST, false},           {OUTCOME_STEP_MAIL, REUSED, SESS, false},
	    {OUTCOME_STEP_RCPT, REUSED, HOST, false},      {OUTCOME_STEP_RCPT, 0, HOST, false},
	    {OUTCOME_STEP_DATA, 0, HOST, false},           {OUTCOME_STEP_CONTENT, 0, HOST, false},
	    {OUTCOME_STEP_CONTENT, BDAT, HOST, false},     {OUTCOME_STEP_DOT, 0, STOP, true},
	    {OUTCOME_STEP_DOT, LMTP | REUSED, STOP, true},
	};
	struct str text = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_verdict_facts facts = facts_of(cases[i].facts);

		for (enum smtp_trouble trouble = 0; trouble < SMTP_TROUBLE_BODY; trouble++) {
			struct smtp_verdict verdict =
			    smtp_verdict_trouble(cases[i].step, trouble, ECONNRESET, &facts, &text);
			const struct outcome *outcome = &verdict.outcome;
			bool reply =
			    trouble == SMTP_TROUBLE_GARBAGE || trouble == SMTP_TROUBLE_TOO_LONG;

			ck_assert_int_eq(verdict.next, cases[i].next);
			ck_assert_int_eq(outcome->class, OUTCOME_TEMPORARY);
			ck_assert_int_eq(outcome->unknown, cases[i].unknown);
			ck_assert_int_eq(outcome->step, cases[i].step);
			ck_assert_int_eq(outcome->code, 0);
			ck_assert_int_eq(outcome->error,
					 reply ? OUTCOME_ERROR_REPLY : OUTCOME_ERROR_CONNECTION);
			ck_assert_int_eq(outcome->enhanced.class, 4);
			ck_assert_ptr_nonnull(
			    strstr(str_c(&text), outcome_step_doing(cases[i].step)));
			ck_assert(!verdict.in_step && !outcome->local);
		}
	}
	str_free(&text);
}
END_TEST

START_TEST(test_verdict_body)
{
	struct smtp_verdict_facts facts = facts_of(SOME);
	struct str text = {0};
	struct smtp_verdict verdict =
	    smtp_verdict_trouble(OUTCOME_STEP_CONTENT, SMTP_TROUBLE_BODY, 0, &facts, &text);

	ck_assert_int_eq(verdict.next, STOP);
	ck_assert_int_eq(verdict.outcome.class, TMP);
	ck_assert_int_eq(verdict.outcome.step, OUTCOME_STEP_BODY_READ);
	ck_assert_int_eq(verdict.outcome.error, OUTCOME_ERROR_IO);
	ck_assert(verdict.outcome.local && !verdict.outcome.unknown);
	str_free(&text);
}
END_TEST

START_TEST(test_verdict_refusal)
{
	static const struct {
		enum smtp_refusal refusal;
		enum smtp_next next;
		const char *enhanced;
	} cases[] = {
	    {SMTP_REFUSAL_SIZE, STOP, "5.3.4"},        {SMTP_REFUSAL_SMTPUTF8, STOP, "5.6.7"},
	    {SMTP_REFUSAL_REQUIRETLS, HOST, "5.7.30"}, {SMTP_REFUSAL_SENDER, STOP, "5.1.7"},
	    {SMTP_REFUSAL_RECIPIENT, NONE, "5.1.3"},
	};
	struct str text = {0};
	char enhanced[OUTCOME_ENHANCED_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct smtp_verdict verdict = smtp_verdict_refusal(cases[i].refusal, &text);

		ck_assert_int_eq(verdict.next, cases[i].next);
		ck_assert_int_eq(verdict.outcome.class, PRM);
		ck_assert_str_eq(outcome_enhanced_text(enhanced, verdict.outcome.enhanced),
				 cases[i].enhanced);
		ck_assert(verdict.in_step && verdict.outcome.reply.len > 0);
	}
	str_free(&text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *it = suite_create("smtp/verdict");
	TCase *tc = tcase_create("verdict");

	tcase_add_test(tc, test_verdict_reply);
	tcase_add_test(tc, test_verdict_trouble);
	tcase_add_test(tc, test_verdict_body);
	tcase_add_test(tc, test_verdict_refusal);
	suite_add_tcase(it, tc);
	return it;
}

UNIT_MAIN(suite)
