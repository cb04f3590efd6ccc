#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "tests/dialog/dialog.h"

struct load {
	struct dialog *dialog;
	unsigned line;
	bool file; /* the body of the present transaction is in a file */
};

void
dialog_complain(struct dialog *dialog, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (!dialog->failed)
		str_vprintf(&dialog->complaint, format, ap);
	va_end(ap);
	dialog->failed = true;
}

static const struct {
	const char *word;
	enum dialog_verb verb;
} load_verbs[] = {
    {"S:", DIALOG_SAY},        {"raw", DIALOG_RAW},     {"C:", DIALOG_HEAR},
    {"flight", DIALOG_FLIGHT}, {"body", DIALOG_BODY},   {"body-bdat", DIALOG_BODY_BDAT},
    {"read", DIALOG_READ},     {"close", DIALOG_CLOSE}, {"reset", DIALOG_RESET},
    {"stall", DIALOG_STALL},   {"split", DIALOG_SPLIT}, {"drip", DIALOG_DRIP},
    {"deaf", DIALOG_DEAF},     {"go", DIALOG_GO},       {"expire", DIALOG_EXPIRE},
    {"free", DIALOG_FREE},
};

static unsigned
load_number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static bool
load_action(struct load *load, const char *word, const char *rest)
{
	struct dialog *dialog = load->dialog;

	for (size_t i = 0; i < sizeof(load_verbs) / sizeof(load_verbs[0]); i++) {
		if (strcmp(word, load_verbs[i].word) != 0)
			continue;
		if (dialog->action_count == DIALOG_ACTIONS)
			return false;
		dialog->actions[dialog->action_count++] =
		    (struct dialog_action){.verb = load_verbs[i].verb,
					   .line = load->line,
					   .number = load_number(rest),
					   .text = arena_str(dialog->arena, rest)};
		return true;
	}
	return false;
}

static bool
load_option(struct load *load, const char *word, const char *rest)
{
	struct dialog *dialog = load->dialog;
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {
	    {"lmtp", &dialog->config.lmtp},
	    {"greeting-permanent", &dialog->config.greeting_permanent},
	    {"fallback-clear", &dialog->config.fallback_clear},
	    {"tcp", &dialog->tcp},
	    {"small", &dialog->small},
	    {"manual", &dialog->manual},
	    {"keep", &dialog->keep},
	    {"free-in-done", &dialog->in_done},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(word, flags[i].word) == 0) {
			*flags[i].flag = true;
			return true;
		}
	}
	if (strcmp(word, "timeout") == 0) {
		int64_t ms = load_number(rest);

		dialog->config.timeouts = (struct smtp_timeouts){ms, ms, ms, ms, ms, ms};
		return true;
	}
	if (strcmp(word, "expect") == 0 && dialog->expected_count < DIALOG_EXPECTED) {
		dialog->expected[dialog->expected_count++] = arena_str(dialog->arena, rest);
		return true;
	}
	return false;
}

/* The path of a body in a file: made and unlinked here. */
static int
load_file(const struct str *body, off_t offset)
{
	char path[] = "dialog-body-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path) != 0 ||
	    pwrite(fd, body->data, body->len, offset) != (ssize_t)body->len) {
		perror("dialog: body file");
		exit(EXIT_FAILURE);
	}
	return fd;
}

static void
load_body(struct dialog_transaction *it, const char *kind, unsigned size)
{
	bool dots = strcmp(kind, "dots") == 0;

	str_clear(&it->body);
	if (strcmp(kind, "lines") != 0 && !dots) {
		str_text(&it->body, kind);
		str_text(&it->body, "\r\n");
	}
	for (unsigned i = 0; it->body.len < size; i++)
		str_printf(&it->body, "%sline %u of a message that is long enough\r\n",
			   dots ? "." : "", i);
	it->message.needs_stuffing = dots || kind[0] == '.';
}

static bool
load_recipient(struct arena *arena, struct dialog_transaction *it, char *rest)
{
	char *orcpt = strstr(rest, " orcpt=");
	char *notify = strstr(rest, " notify=");
	struct smtp_recipient *recipient;

	if (it->transaction.count == DIALOG_RECIPIENTS)
		return false;
	recipient = &it->recipients[it->transaction.count++];
	if (orcpt != NULL) {
		*orcpt = '\0';
		recipient->orcpt = slice_of(arena_str(arena, orcpt + 7));
	}
	if (notify != NULL) {
		*notify = '\0';
		recipient->notify = load_number(notify + 8);
	}
	recipient->address = slice_of(arena_str(arena, rest));
	return true;
}

static bool
load_message(struct load *load, const char *word, char *rest)
{
	struct dialog *dialog = load->dialog;
	struct dialog_transaction *it;

	if (strcmp(word, "transaction") == 0 && dialog->transaction_count < DIALOG_TRANSACTIONS) {
		it = &dialog->transactions[dialog->transaction_count++];
		it->message = (struct smtp_message){.sender = slice_of("s@example.org"), .fd = -1};
		it->transaction.timeouts = dialog->config.timeouts;
		load_body(it, "Subject: test", 0);
		return true;
	}
	if (dialog->transaction_count == 0)
		return false;
	it = &dialog->transactions[dialog->transaction_count - 1];
	if (strcmp(word, "sender") == 0)
		it->message.sender = slice_of(arena_str(dialog->arena, rest));
	else if (strcmp(word, "recipient") == 0)
		return load_recipient(dialog->arena, it, rest);
	else if (strcmp(word, "message") == 0)
		load_body(it, rest, 0);
	else if (strcmp(word, "lines") == 0 || strcmp(word, "dots") == 0)
		load_body(it, word, load_number(rest));
	else if (strcmp(word, "file") == 0)
		it->message.fd = load_file(&it->body, it->message.offset = 17);
	else if (strcmp(word, "claimed-size") == 0)
		it->message.size = load_number(rest);
	else if (strcmp(word, "envid") == 0)
		it->message.envid = slice_of(arena_str(dialog->arena, rest));
	else if (strcmp(word, "ret") == 0)
		it->message.ret = strcmp(rest, "full") == 0 ? SMTP_RET_FULL : SMTP_RET_HDRS;
	else if (strcmp(word, "eight-bit") == 0)
		it->message.eight_bit = true;
	else if (strcmp(word, "smtputf8") == 0)
		it->message.smtputf8 = true;
	else if (strcmp(word, "requiretls") == 0)
		it->message.requiretls = true;
	else if (strcmp(word, "rcpt-max") == 0)
		it->transaction.rcpt_max = load_number(rest);
	else if (strcmp(word, "avoid-chunking") == 0)
		it->transaction.avoid_chunking = true;
	else if (strcmp(word, "data-timeout") == 0)
		it->transaction.timeouts.data = load_number(rest);
	else if (strcmp(word, "rcpt-timeout") == 0)
		it->transaction.timeouts.rcpt_to = load_number(rest);
	else
		return false;
	return true;
}

static void
load_line(struct load *load, char *text)
{
	char *rest;

	text[strcspn(text, "\n")] = '\0';
	if (text[0] == '#' || text[0] == '\0')
		return;
	rest = text + strcspn(text, " ");
	if (*rest == ' ')
		*rest++ = '\0';
	if (!load_action(load, text, rest) && !load_option(load, text, rest) &&
	    !load_message(load, text, rest))
		dialog_complain(load->dialog, "line %u: \"%s\" is not understood", load->line,
				text);
}

static void
load_finish(struct dialog *dialog)
{
	for (unsigned i = 0; i < dialog->transaction_count; i++) {
		struct dialog_transaction *it = &dialog->transactions[i];

		it->transaction.message = &it->message;
		it->transaction.recipients = it->recipients;
		if (it->message.size == 0)
			it->message.size = it->body.len;
		if (it->message.fd < 0)
			it->message.memory = (struct slice){it->body.data, it->body.len};
		if (it->transaction.count == 0)
			it->recipients[it->transaction.count++].address = slice_of("r@example.net");
	}
}

bool
dialog_load(struct dialog *dialog, const char *path)
{
	struct load load = {.dialog = dialog};
	FILE *file = fopen(path, "r");
	char text[1024];

	dialog->fd = -1;
	dialog->arena = arena_new();
	dialog->config.ehlo_name = "client.example.org";
	dialog->config.timeouts = (struct smtp_timeouts){3000, 3000, 3000, 3000, 3000, 3000};
	if (file == NULL) {
		dialog_complain(dialog, "cannot be opened");
		return false;
	}
	while (fgets(text, sizeof(text), file) != NULL) {
		load.line++;
		load_line(&load, text);
	}
	fclose(file);
	load_finish(dialog);
	return !dialog->failed;
}
