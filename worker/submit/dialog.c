#include "worker/submit/dialog.h"

#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "worker/submit/body.h"
#include "worker/submit/command.h"
#include "worker/submit/intake.h"
#include "worker/submit/message.h"
#include "worker/submit/session.h"

static const char submit_dialog_retiring[] = "4.3.2 Shutting down, connect again";

static void
submit_dialog_hello(struct submit_session *session, struct slice args, bool esmtp)
{
	struct submit_session_shared *shared = session->shared;
	struct slice name;
	const char *refusal = submit_command_hello(args, &name);

	if (refusal != NULL) {
		submit_session_say(session, refusal);
		return;
	}
	submit_session_reset(session);
	memcpy(session->name, name.data, name.len);
	session->name[name.len] = '\0';
	session->esmtp = esmtp;
	if (esmtp)
		submit_session_say(session, shared->ehlo);
	else
		str_printf(&session->out, "250 %s\r\n", shared->hostname);
}

static void
submit_dialog_ehlo(struct submit_session *session, struct slice args)
{
	submit_dialog_hello(session, args, true);
}

static void
submit_dialog_helo(struct submit_session *session, struct slice args)
{
	submit_dialog_hello(session, args, false);
}

static void
submit_dialog_take_sender(struct submit_session *session, const struct submit_command_mail *mail)
{
	struct submit_message *message = session->message;
	struct proto_submit *envelope = &message->envelope;

	session->transaction = true;
	envelope->sender = submit_message_address(message, mail->path);
	envelope->envid.data = arena_copy(message->arena, mail->envid.data, mail->envid.len);
	envelope->envid.len = mail->envid.len;
	envelope->ret = mail->ret;
	envelope->priority = mail->priority;
	envelope->smtputf8 = mail->smtputf8;
	envelope->requiretls = mail->requiretls;
	/* What was announced; the true size replaces it in the end. */
	envelope->size = mail->size;
	envelope->client = slice_of(session->client);
	envelope->client_name = slice_of(session->name);
	submit_session_say(session, "250 2.1.0 Sender ok");
}

static void
submit_dialog_mail(struct submit_session *session, struct slice args)
{
	struct submit_session_shared *shared = session->shared;
	struct submit_command_mail mail;
	const char *refusal;

	if (shared->retiring) {
		submit_session_end(session, submit_dialog_retiring);
		return;
	}
	if (session->name[0] == '\0')
		refusal = "503 5.5.1 Say EHLO first";
	else if (session->transaction)
		refusal = "503 5.5.1 Nested MAIL command";
	else
		refusal = submit_command_mail(args, shared->offered, &mail);
	if (refusal == NULL && mail.size > shared->max_size)
		refusal = "552 5.3.4 Message too big";
	if (refusal != NULL)
		submit_session_say(session, refusal);
	else
		submit_dialog_take_sender(session, &mail);
}

static const char *
submit_dialog_may_rcpt(struct submit_session *session)
{
	struct submit_session_shared *shared = session->shared;

	if (!session->transaction)
		return "503 5.5.1 Say MAIL first";
	if (session->chunking)
		return "503 5.5.1 The message has begun";
	if (session->message->recipient_count >= shared->max_recipients)
		return "452 4.5.3 Too many recipients";
	submit_session_account(session);
	if (shared->memory_used >= shared->memory)
		return "452 4.3.1 Too much mail at once, try later";
	return NULL;
}

static void
submit_dialog_rcpt(struct submit_session *session, struct slice args)
{
	struct submit_message *message = session->message;
	struct submit_command_rcpt rcpt;
	struct proto_recipient recipient = {.notify = 0};
	const char *refusal = submit_dialog_may_rcpt(session);

	if (refusal == NULL)
		refusal = submit_command_rcpt(args, session->shared->offered,
					      message->envelope.smtputf8, &rcpt);
	if (refusal != NULL) {
		submit_session_say(session, refusal);
		return;
	}
	recipient.address = submit_message_address(message, rcpt.path);
	recipient.orcpt.data = arena_copy(message->arena, rcpt.orcpt.data, rcpt.orcpt.len);
	recipient.orcpt.len = rcpt.orcpt.len;
	recipient.notify = rcpt.notify;
	/* Somebody named twice gets the message once. */
	submit_message_add(message, &recipient);
	submit_session_say(session, "250 2.1.5 Recipient ok");
}

/* The reply that refuses to take a body now, or NULL. */
static const char *
submit_dialog_may_send(const struct submit_session *session)
{
	if (!session->transaction)
		return "503 5.5.1 Say MAIL first";
	if (session->message->recipient_count == 0)
		return "503 5.5.1 No valid recipients";
	return NULL;
}

static void
submit_dialog_data(struct submit_session *session, struct slice args)
{
	const char *refusal = submit_dialog_may_send(session);

	if (refusal == NULL && session->chunking)
		refusal = "503 5.5.1 DATA and BDAT do not mix";
	if (refusal == NULL && args.len > 0)
		refusal = "501 5.5.4 DATA takes no arguments";
	if (refusal == NULL)
		refusal = submit_body_start(session);
	if (refusal != NULL) {
		submit_session_say(session, refusal);
		return;
	}
	submit_session_say(session, "354 End with a dot on a line by itself");
	submit_session_goto(session, SUBMIT_SESSION_DATA);
}

static void
submit_dialog_bdat(struct submit_session *session, struct slice args)
{
	struct submit_command_bdat bdat;
	const char *refusal = submit_command_bdat(args, &bdat);

	if (refusal != NULL) {
		submit_session_say(session, refusal);
		return;
	}
	/* The chunk follows whatever the answer will be (RFC 3030 section 2). */
	refusal = submit_dialog_may_send(session);
	if (refusal == NULL && session->message->state == SUBMIT_MESSAGE_ENVELOPE)
		refusal = submit_body_start(session);
	session->verdict = refusal;
	submit_body_chunk(session, bdat.size, bdat.last);
}

static void
submit_dialog_rset(struct submit_session *session, struct slice args)
{
	if (args.len > 0) {
		submit_session_say(session, "501 5.5.4 RSET takes no arguments");
		return;
	}
	submit_session_reset(session);
	submit_session_say(session, "250 2.0.0 Ok");
}

static void
submit_dialog_noop(struct submit_session *session, struct slice args)
{
	(void)args;
	submit_session_say(session, "250 2.0.0 Ok");
}

static void
submit_dialog_vrfy(struct submit_session *session, struct slice args)
{
	submit_session_say(session, args.len == 0 ? "501 5.5.4 An address is required"
						  : "252 2.1.5 Send some mail, to try");
}

static void
submit_dialog_expn(struct submit_session *session, struct slice args)
{
	(void)args;
	submit_session_say(session, "502 5.5.1 EXPN not implemented");
}

static void
submit_dialog_help(struct submit_session *session, struct slice args)
{
	(void)args;
	submit_session_say(session, "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY");
}

static void
submit_dialog_quit(struct submit_session *session, struct slice args)
{
	if (args.len > 0) {
		submit_session_say(session, "501 5.5.4 QUIT takes no arguments");
		return;
	}
	submit_session_say(session, "221 2.0.0 Bye");
	submit_session_goto(session, SUBMIT_SESSION_CLOSING);
}

static void
submit_dialog_unknown(struct submit_session *session, struct slice args)
{
	(void)args;
	submit_session_say(session, "500 5.5.2 Command not recognized");
}

static void (*const submit_dialog_verbs[SUBMIT_COMMAND_VERBS])(struct submit_session *,
							       struct slice) = {
    [SUBMIT_COMMAND_EHLO] = submit_dialog_ehlo,       [SUBMIT_COMMAND_HELO] = submit_dialog_helo,
    [SUBMIT_COMMAND_MAIL] = submit_dialog_mail,       [SUBMIT_COMMAND_RCPT] = submit_dialog_rcpt,
    [SUBMIT_COMMAND_DATA] = submit_dialog_data,       [SUBMIT_COMMAND_BDAT] = submit_dialog_bdat,
    [SUBMIT_COMMAND_RSET] = submit_dialog_rset,       [SUBMIT_COMMAND_NOOP] = submit_dialog_noop,
    [SUBMIT_COMMAND_VRFY] = submit_dialog_vrfy,       [SUBMIT_COMMAND_EXPN] = submit_dialog_expn,
    [SUBMIT_COMMAND_HELP] = submit_dialog_help,       [SUBMIT_COMMAND_QUIT] = submit_dialog_quit,
    [SUBMIT_COMMAND_UNKNOWN] = submit_dialog_unknown,
};

size_t
submit_dialog_hear_line(struct submit_session *session, struct slice in)
{
	size_t look = in.len < SUBMIT_COMMAND_LINE ? in.len : SUBMIT_COMMAND_LINE;
	const char *newline = memchr(in.data, '\n', look);
	struct slice line = in;
	struct slice args;
	enum submit_command_verb verb;

	if (newline == NULL && in.len < SUBMIT_COMMAND_LINE)
		return 0;
	if (newline == NULL) {
		submit_session_say(session, "500 5.5.2 Line too long");
		submit_session_goto(session, SUBMIT_SESSION_SKIP);
		return SUBMIT_COMMAND_LINE;
	}
	line.len = (size_t)(newline - in.data);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	verb = submit_command_parse(line, &args);
	submit_dialog_verbs[verb](session, args);
	return (size_t)(newline - in.data) + 1;
}

size_t
submit_dialog_hear_rest(struct submit_session *session, struct slice in)
{
	const char *newline = memchr(in.data, '\n', in.len);

	if (newline == NULL)
		return in.len;
	submit_session_goto(session, SUBMIT_SESSION_COMMAND);
	return (size_t)(newline - in.data) + 1;
}
