#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/outcome.h"
#include "tests/dialog/dialog.h"
#include "worker/smtp/verdict.h"

/*
 * Runs dialog files: a real session against a scripted peer, over a socket pair or loopback TCP.
 * With DIALOG_SHOW set the events are printed as they come.
 */
enum { DIALOG_LIMIT_MS = 8000 };

static const char *const next_words[] = {
    [SMTP_NEXT_NONE] = "none",       [SMTP_NEXT_STOP] = "stop", [SMTP_NEXT_SESSION] = "session",
    [SMTP_NEXT_ADDRESS] = "address", [SMTP_NEXT_HOST] = "host",
};

void
dialog_event(struct dialog *dialog, const char *format, ...)
{
	struct str event = {0};
	const char *expected =
	    dialog->seen < dialog->expected_count ? dialog->expected[dialog->seen] : "nothing more";
	va_list ap;

	va_start(ap, format);
	str_vprintf(&event, format, ap);
	va_end(ap);
	dialog->seen++;
	if (getenv("DIALOG_SHOW") != NULL)
		printf("expect %s\n", str_c(&event));
	else if (strcmp(str_c(&event), expected) != 0)
		dialog_complain(dialog, "event \"%s\", expected \"%s\"", str_c(&event), expected);
	str_free(&event);
}

static const char *
outcome_words(const struct outcome *outcome)
{
	static char words[2048];
	char enhanced[OUTCOME_ENHANCED_TEXT];
	char code[16] = "";

	outcome_enhanced_text(enhanced, outcome->enhanced);
	if (outcome->code != 0)
		snprintf(code, sizeof(code), " %u", outcome->code);
	snprintf(words, sizeof(words), "%s %s %s%s%s%s: %.*s", outcome_class_name(outcome->class),
		 enhanced[0] ? enhanced : "-", outcome_step_name(outcome->step), code,
		 outcome->unknown ? " unknown" : "", outcome->local ? " local" : "",
		 SLICE_ARG(outcome->reply));
	return words;
}

static void
dialog_finish(struct dialog *dialog)
{
	dialog->finished = true;
	if (dialog->in_done)
		smtp_session_free(&dialog->session);
	else
		smtp_session_quit(&dialog->session);
	if (dialog->at >= dialog->action_count)
		event_base_loopbreak(dialog->base);
}

static void
on_result(unsigned recipient, const struct outcome *outcome, void *arg)
{
	dialog_event(arg, "result %u %s", recipient + 1, outcome_words(outcome));
}

static void
on_dot(void *arg)
{
	dialog_event(arg, "dot");
}

static void
on_done(struct smtp_session *session, const struct smtp_end *end, void *arg)
{
	struct dialog *dialog = arg;
	struct str words = {0};

	str_printf(&words, "done next=%s %s", next_words[end->next],
		   end->reusable ? "reusable" : "ended");
	if (end->undecided > 0)
		str_printf(&words, " undecided=%u", end->undecided);
	if (end->left > 0)
		str_printf(&words, " left=%u", end->left);
	if (end->rcpt_max > 0)
		str_printf(&words, " rcptmax=%u", end->rcpt_max);
	if (end->mail_max > 0)
		str_printf(&words, " mailmax=%u", end->mail_max);
	str_printf(&words, "%s%s%s", end->bdat_refused ? " bdat-refused" : "",
		   end->raw_eight_bit ? " raw-eight-bit" : "", end->alert ? " alert" : "");
	if (end->undecided > 0)
		str_printf(&words, " %s", outcome_words(end->outcome));
	dialog_event(dialog, "%s", str_c(&words));
	str_free(&words);
	if (!end->reusable || (dialog->started == dialog->transaction_count && !dialog->keep))
		dialog_finish(dialog);
	else if (!dialog->manual && dialog->started < dialog->transaction_count)
		dialog_transact(dialog);
}

static const struct smtp_transaction_events transaction_events = {
    .result = on_result, .dot = on_dot, .done = on_done};

void
dialog_transact(struct dialog *dialog)
{
	struct smtp_transaction *transaction;

	if (dialog->session == NULL || dialog->started == dialog->transaction_count) {
		dialog_complain(dialog, "there is no transaction to start");
		return;
	}
	transaction = &dialog->transactions[dialog->started++].transaction;
	transaction->events = &transaction_events;
	transaction->arg = dialog;
	smtp_session_transact(dialog->session, transaction);
}

static void
on_opened(struct smtp_session *session, void *arg)
{
	struct dialog *dialog = arg;

	dialog_event(dialog, "opened");
	if (dialog->transaction_count > 0)
		dialog_transact(dialog);
	else if (!dialog->keep)
		dialog_finish(dialog);
}

static void
on_failed(struct smtp_session *session, const struct smtp_verdict *verdict, void *arg)
{
	dialog_event(arg, "failed next=%s%s %s", next_words[verdict->next],
		     verdict->other_source ? " other-source" : "",
		     outcome_words(&verdict->outcome));
	dialog_finish(arg);
}

static void
on_closed(struct smtp_session *session, void *arg)
{
	dialog_event(arg, "closed");
	dialog_finish(arg);
}

static const struct smtp_session_events session_events = {
    .opened = on_opened, .failed = on_failed, .closed = on_closed};

static bool
connect_tcp(int fds[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || fds[0] < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) != 0 ||
	    connect(fds[0], (struct sockaddr *)&address, len) != 0)
		return false;
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return fds[1] >= 0;
}

static bool
dialog_connect(struct dialog *dialog, int fds[2])
{
	int small = 4096;

	if (dialog->tcp ? !connect_tcp(fds)
			: socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		if (dialog->small) {
			setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
			setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		}
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
	}
	return true;
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct dialog *dialog = arg;

	dialog_complain(dialog, "nothing moves any more at line %u",
			dialog->at < dialog->action_count ? dialog->actions[dialog->at].line : 0);
	event_base_loopbreak(dialog->base);
}

static void
dialog_run(struct dialog *dialog)
{
	struct timeval tv = {.tv_sec = DIALOG_LIMIT_MS / 1000};
	struct event *limit;
	int fds[2];

	if (!dialog_connect(dialog, fds)) {
		dialog_complain(dialog, "no sockets");
		return;
	}
	dialog->base = event_base_new();
	dialog->fd = fds[1];
	dialog->readable =
	    event_new(dialog->base, fds[1], EV_READ | EV_PERSIST, dialog_peer_readable, dialog);
	dialog->timer = event_new(dialog->base, -1, 0, dialog_peer_timer, dialog);
	limit = event_new(dialog->base, -1, 0, on_limit, dialog);
	event_add(limit, &tv);
	dialog->session =
	    smtp_session_new(dialog->base, fds[0], &dialog->config, &session_events, dialog);
	event_active(dialog->timer, EV_TIMEOUT, 0);
	event_base_dispatch(dialog->base);
	if (dialog->seen < dialog->expected_count && getenv("DIALOG_SHOW") == NULL)
		dialog_complain(dialog, "\"%s\" did not happen", dialog->expected[dialog->seen]);
	smtp_session_free(&dialog->session);
	event_free(limit);
	event_free(dialog->readable);
	event_free(dialog->timer);
	if (dialog->fd >= 0)
		close(dialog->fd);
	event_base_free(dialog->base);
}

void
dialog_free(struct dialog *dialog)
{
	for (unsigned i = 0; i < dialog->transaction_count; i++) {
		if (dialog->transactions[i].message.fd >= 0)
			close(dialog->transactions[i].message.fd);
		str_free(&dialog->transactions[i].body);
	}
	arena_free(&dialog->arena);
	str_free(&dialog->in);
	str_free(&dialog->out);
	str_free(&dialog->complaint);
	free(dialog);
}

static bool
dialog_run_file(char *path)
{
	struct dialog *dialog = alloc_new(struct dialog);
	bool passed;

	dialog->name = basename(path);
	if (dialog_load(dialog, path))
		dialog_run(dialog);
	passed = !dialog->failed;
	printf("%s %s%s%s\n", passed ? "ok  " : "FAIL", dialog->name, passed ? "" : ": ",
	       str_c(&dialog->complaint));
	fflush(stdout);
	dialog_free(dialog);
	return passed;
}

/* Without arguments: all files of the source tree. */
int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	unsigned counts[2] = {0, 0};
	glob_t found = {0};
	char pattern[1024];

	snprintf(pattern, sizeof(pattern), "%s/tests/dialog/smtp/*.dialog", srcdir ? srcdir : ".");
	if (argc == 1 && glob(pattern, 0, NULL, &found) != 0)
		fprintf(stderr, "no dialogs: %s\n", pattern);
	for (size_t i = 0; i < found.gl_pathc; i++)
		counts[dialog_run_file(found.gl_pathv[i])]++;
	for (int i = 1; i < argc; i++)
		counts[dialog_run_file(argv[i])]++;
	globfree(&found);
	printf("%u passed, %u failed\n", counts[true], counts[false]);
	return counts[false] > 0 || counts[true] == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
