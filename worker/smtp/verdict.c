#include "worker/smtp/verdict.h"

#include <assert.h>
#include <string.h>

#include "worker/smtp/reply.h"

enum { SMTP_VERDICT_SERVICE_CLOSES = 421 };

/* The outcome of a reply; an enhanced code of another class than ours becomes one of ours. */
static void
smtp_verdict_set(struct smtp_verdict *verdict, enum outcome_class class,
		 const struct smtp_reply *reply, struct str *text)
{
	static const uint16_t digits[] = {
	    [OUTCOME_DELIVERED] = 2, [OUTCOME_TEMPORARY] = 4, [OUTCOME_PERMANENT] = 5};
	struct outcome *outcome = &verdict->outcome;
	bool same = reply->enhanced.class == digits[class];

	outcome->class = class;
	outcome->error = class == OUTCOME_DELIVERED ? OUTCOME_ERROR_NONE : OUTCOME_ERROR_REPLY;
	outcome->code = reply->code;
	outcome->enhanced = reply->enhanced;
	/* Where the peer's word is not followed, the text keeps what it said. */
	smtp_reply_words(reply, !same, text);
	if (!same && reply->enhanced.class != 0)
		outcome->enhanced.class = digits[class];
	outcome->reply = (struct slice){str_c(text), text->len};
}

static void
smtp_verdict_temporary(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		       struct str *text, enum smtp_next next)
{
	smtp_verdict_set(verdict, OUTCOME_TEMPORARY, reply, text);
	verdict->next = next;
}

/* 521 and 556 say that there is no mail service at all (RFC 7504). */
static void
smtp_verdict_greeting(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		      const struct smtp_verdict_facts *facts, struct str *text)
{
	if (reply->code == 220) {
		verdict->in_step = true;
		return;
	}
	smtp_verdict_temporary(verdict, reply, text, SMTP_NEXT_ADDRESS);
	if (smtp_reply_class(reply) != 5)
		return;
	if (reply->code == 521 || reply->code == 556) {
		smtp_verdict_set(verdict, OUTCOME_PERMANENT, reply, text);
		verdict->next = SMTP_NEXT_HOST;
		return;
	}
	verdict->other_source = true;
	if (facts->greeting_permanent)
		smtp_verdict_set(verdict, OUTCOME_PERMANENT, reply, text);
}

static void
smtp_verdict_ehlo(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		  const struct smtp_verdict_facts *facts, struct str *text)
{
	verdict->in_step =
	    smtp_reply_class(reply) != 0 && reply->code != SMTP_VERDICT_SERVICE_CLOSES;
	if (smtp_reply_class(reply) == 2)
		return;
	if (smtp_reply_class(reply) == 5 && !facts->helo && !facts->lmtp) {
		verdict->use_helo = true;
		return;
	}
	smtp_verdict_temporary(verdict, reply, text, SMTP_NEXT_ADDRESS);
}

/* 530, 534, 535 and 538 speak of credentials: about us, not about the mail (RFC 4954). */
static bool
smtp_verdict_wants_credentials(const struct smtp_reply *reply)
{
	return reply->code == 530 || reply->code == 534 || reply->code == 535 || reply->code == 538;
}

/* 4xx, 5xx and what is neither, for MAIL, RCPT, DATA and BDAT. */
static void
smtp_verdict_refused(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		     const struct smtp_verdict_facts *facts, struct str *text)
{
	bool permanent = smtp_reply_class(reply) == 5 && !facts->fallback_clear;

	smtp_verdict_set(verdict, permanent ? OUTCOME_PERMANENT : OUTCOME_TEMPORARY, reply, text);
	verdict->next = SMTP_NEXT_STOP;
}

static void
smtp_verdict_mail(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		  const struct smtp_verdict_facts *facts, struct str *text)
{
	if (smtp_reply_class(reply) == 2)
		return;
	smtp_verdict_refused(verdict, reply, facts, text);
	if (smtp_verdict_wants_credentials(reply)) {
		smtp_verdict_temporary(verdict, reply, text, SMTP_NEXT_STOP);
		verdict->alert = true;
	}
	/* Perhaps only tired of this session: what a fresh one says counts. */
	if (facts->reused)
		smtp_verdict_temporary(verdict, reply, text, SMTP_NEXT_SESSION);
}

/*
 * RFC 5321 section 4.5.3.1.10: 452, and 552 of older peers. Both codes also mean a full mailbox,
 * and without another recipient accepted there is no reason to think of the number.
 */
static bool
smtp_verdict_is_too_many(const struct smtp_reply *reply, const struct smtp_verdict_facts *facts)
{
	if ((reply->code != 452 && reply->code != 552) || facts->accepted == 0)
		return false;
	return reply->enhanced.class == 0 ||
	       (reply->enhanced.subject == 5 && reply->enhanced.detail == 3);
}

static void
smtp_verdict_rcpt(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		  const struct smtp_verdict_facts *facts, struct str *text)
{
	bool number;

	if (smtp_reply_class(reply) == 2)
		return;
	smtp_verdict_refused(verdict, reply, facts, text);
	number = reply->code == 552 && reply->enhanced.class != 0 && reply->enhanced.subject == 5 &&
		 reply->enhanced.detail == 3;
	verdict->too_many = smtp_verdict_is_too_many(reply, facts);
	verdict->alert = smtp_verdict_wants_credentials(reply);
	if (verdict->too_many || verdict->alert || number)
		smtp_verdict_set(verdict, OUTCOME_TEMPORARY, reply, text);
	/* Only this recipient's; the others go on. */
	verdict->next = SMTP_NEXT_NONE;
}

static void
smtp_verdict_data(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		  const struct smtp_verdict_facts *facts, struct str *text)
{
	if (reply->code == 354)
		return;
	smtp_verdict_refused(verdict, reply, facts, text);
	if (smtp_reply_class(reply) < 4)
		verdict->in_step = false;
}

static bool
smtp_verdict_knows_no_bdat(const struct smtp_reply *reply)
{
	return reply->code >= 500 && reply->code <= 504;
}

/* A reply while the message goes out: an early no is the answer, an early yes is none. */
static void
smtp_verdict_content(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		     const struct smtp_verdict_facts *facts, struct str *text)
{
	verdict->in_step = false;
	if (smtp_reply_class(reply) < 4) {
		*verdict = smtp_verdict_trouble(OUTCOME_STEP_CONTENT, SMTP_TROUBLE_GARBAGE, 0,
						facts, text);
		return;
	}
	smtp_verdict_set(verdict,
			 smtp_reply_class(reply) == 5 ? OUTCOME_PERMANENT : OUTCOME_TEMPORARY,
			 reply, text);
	verdict->next = SMTP_NEXT_STOP;
	if (facts->bdat && smtp_verdict_knows_no_bdat(reply)) {
		smtp_verdict_temporary(verdict, reply, text, SMTP_NEXT_SESSION);
		verdict->bdat_refused = true;
	}
}

static void
smtp_verdict_dot(struct smtp_verdict *verdict, const struct smtp_reply *reply,
		 const struct smtp_verdict_facts *facts, struct str *text)
{
	verdict->next = SMTP_NEXT_STOP;
	switch (smtp_reply_class(reply)) {
	case 2:
		smtp_verdict_set(verdict, OUTCOME_DELIVERED, reply, text);
		return;
	case 5:
		smtp_verdict_set(verdict, OUTCOME_PERMANENT, reply, text);
		if (facts->bdat && smtp_verdict_knows_no_bdat(reply)) {
			smtp_verdict_temporary(verdict, reply, text, SMTP_NEXT_SESSION);
			verdict->bdat_refused = true;
			verdict->in_step = false;
		}
		return;
	case 4:
		smtp_verdict_set(verdict, OUTCOME_TEMPORARY, reply, text);
		return;
	default:
		/* Neither yes nor no: the message may be there. */
		smtp_verdict_set(verdict, OUTCOME_TEMPORARY, reply, text);
		verdict->outcome.unknown = true;
		verdict->in_step = false;
	}
}

struct smtp_verdict
smtp_verdict_reply(enum outcome_step step, const struct smtp_reply *reply,
		   const struct smtp_verdict_facts *facts, struct str *text)
{
	struct smtp_verdict verdict = {.outcome.step = step, .next = SMTP_NEXT_NONE};
	unsigned class = smtp_reply_class(reply);

	if (step == OUTCOME_STEP_GREETING) {
		smtp_verdict_greeting(&verdict, reply, facts, text);
		return verdict;
	}
	if (step == OUTCOME_STEP_EHLO) {
		smtp_verdict_ehlo(&verdict, reply, facts, text);
		return verdict;
	}
	/* 3xx but for DATA, and what is no code at all: we no longer talk about the same thing. */
	verdict.in_step = reply->code != SMTP_VERDICT_SERVICE_CLOSES &&
			  (class == 2 || class == 4 || class == 5 || reply->code == 354);
	if (class == 3 && step != OUTCOME_STEP_DATA)
		verdict.in_step = false;
	if (step == OUTCOME_STEP_MAIL)
		smtp_verdict_mail(&verdict, reply, facts, text);
	else if (step == OUTCOME_STEP_RCPT)
		smtp_verdict_rcpt(&verdict, reply, facts, text);
	else if (step == OUTCOME_STEP_DATA)
		smtp_verdict_data(&verdict, reply, facts, text);
	else if (step == OUTCOME_STEP_CONTENT)
		smtp_verdict_content(&verdict, reply, facts, text);
	else
		smtp_verdict_dot(&verdict, reply, facts, text);
	/* 421 is about the service, not about the mail; as the answer to the message it is a no. */
	if (reply->code == SMTP_VERDICT_SERVICE_CLOSES && step != OUTCOME_STEP_DOT &&
	    verdict.next != SMTP_NEXT_SESSION)
		smtp_verdict_temporary(&verdict, reply, text, SMTP_NEXT_HOST);
	return verdict;
}

static void
smtp_verdict_trouble_words(struct str *text, enum outcome_step step, enum smtp_trouble trouble,
			   int error)
{
	static const char *const words[SMTP_TROUBLES] = {
	    [SMTP_TROUBLE_TIMEOUT] = "timed out",
	    [SMTP_TROUBLE_CLOSED] = "connection closed by the peer",
	    [SMTP_TROUBLE_LOST] = "connection lost",
	    [SMTP_TROUBLE_GARBAGE] = "invalid reply",
	    [SMTP_TROUBLE_TOO_LONG] = "reply too long",
	    [SMTP_TROUBLE_BODY] = "the stored message cannot be read",
	};

	str_clear(text);
	str_text(text, words[trouble]);
	if (trouble == SMTP_TROUBLE_LOST && error != 0)
		str_printf(text, " (%s)", strerror(error));
	if (trouble != SMTP_TROUBLE_BODY)
		str_printf(text, " %s", outcome_step_doing(step));
}

static enum smtp_next
smtp_verdict_trouble_next(enum outcome_step step, const struct smtp_verdict_facts *facts)
{
	if (step == OUTCOME_STEP_GREETING || step == OUTCOME_STEP_EHLO)
		return SMTP_NEXT_ADDRESS;
	if (step == OUTCOME_STEP_MAIL && facts->reused)
		return SMTP_NEXT_SESSION;
	return step == OUTCOME_STEP_DOT ? SMTP_NEXT_STOP : SMTP_NEXT_HOST;
}

struct smtp_verdict
smtp_verdict_trouble(enum outcome_step step, enum smtp_trouble trouble, int error,
		     const struct smtp_verdict_facts *facts, struct str *text)
{
	struct smtp_verdict verdict = {.next = smtp_verdict_trouble_next(step, facts)};
	struct outcome *outcome = &verdict.outcome;

	assert(trouble < SMTP_TROUBLES);
	outcome->class = OUTCOME_TEMPORARY;
	outcome->step = step;
	outcome->error = OUTCOME_ERROR_CONNECTION;
	outcome->enhanced = (struct outcome_enhanced){4, 4, 2};
	if (trouble == SMTP_TROUBLE_GARBAGE || trouble == SMTP_TROUBLE_TOO_LONG) {
		outcome->error = OUTCOME_ERROR_REPLY;
		outcome->enhanced = (struct outcome_enhanced){4, 5, 0};
	}
	/* The peer has the whole message and did not say what it did with it. */
	if (step == OUTCOME_STEP_DOT) {
		outcome->unknown = true;
		outcome->enhanced = (struct outcome_enhanced){4, 4, 2};
	}
	smtp_verdict_trouble_words(text, step, trouble, error);
	if (trouble == SMTP_TROUBLE_BODY) {
		outcome->step = OUTCOME_STEP_BODY_READ;
		outcome->error = OUTCOME_ERROR_IO;
		outcome->enhanced = (struct outcome_enhanced){4, 3, 0};
		outcome->local = true;
		verdict.next = SMTP_NEXT_STOP;
	}
	outcome->reply = (struct slice){str_c(text), text->len};
	return verdict;
}

struct smtp_verdict
smtp_verdict_refusal(enum smtp_refusal refusal, struct str *text)
{
	static const struct {
		struct outcome_enhanced enhanced;
		enum outcome_step step;
		enum smtp_next next;
		const char *words;
	} rows[] = {
	    [SMTP_REFUSAL_SIZE] = {{5, 3, 4},
				   OUTCOME_STEP_MAIL,
				   SMTP_NEXT_STOP,
				   "the message is larger than the peer takes"},
	    [SMTP_REFUSAL_SMTPUTF8] = {{5, 6, 7},
				       OUTCOME_STEP_MAIL,
				       SMTP_NEXT_STOP,
				       "the message needs SMTPUTF8, which the peer does not offer"},
	    [SMTP_REFUSAL_REQUIRETLS] = {{5, 7, 30},
					 OUTCOME_STEP_MAIL,
					 SMTP_NEXT_HOST,
					 "REQUIRETLS is asked for, which the peer does not offer"},
	    [SMTP_REFUSAL_SENDER] = {{5, 1, 7},
				     OUTCOME_STEP_MAIL,
				     SMTP_NEXT_STOP,
				     "the sender address cannot be sent"},
	    [SMTP_REFUSAL_RECIPIENT] = {{5, 1, 3},
					OUTCOME_STEP_RCPT,
					SMTP_NEXT_NONE,
					"the recipient address cannot be sent"},
	};
	struct smtp_verdict verdict = {.next = rows[refusal].next, .in_step = true};

	str_clear(text);
	str_text(text, rows[refusal].words);
	verdict.outcome = (struct outcome){.class = OUTCOME_PERMANENT,
					   .step = rows[refusal].step,
					   .error = OUTCOME_ERROR_REPLY,
					   .enhanced = rows[refusal].enhanced,
					   .reply = {str_c(text), text->len}};
	return verdict;
}
