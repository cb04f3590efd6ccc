#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/dialog/dialog.h"

static void
dialog_peer_wake(struct dialog *dialog, unsigned ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

	event_add(dialog->timer, &tv);
}

static void
dialog_peer_consume(struct dialog *dialog, size_t len)
{
	memmove(dialog->in.data, dialog->in.data + len, dialog->in.len - len);
	dialog->in.len -= len;
	dialog->in.data[dialog->in.len] = '\0';
}

static void
dialog_peer_close(struct dialog *dialog, bool reset)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (dialog->fd < 0)
		return;
	if (reset)
		setsockopt(dialog->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	event_del(dialog->readable);
	close(dialog->fd);
	dialog->fd = -1;
}

/* False: not all was said, the timer goes on. */
static bool
dialog_peer_say(struct dialog *dialog)
{
	size_t left = dialog->out.len - dialog->out_at;
	size_t now = left;

	if (left == 0)
		return true;
	if (dialog->drip_ms > 0)
		now = 1;
	else if (dialog->split > 0 && dialog->split < left)
		now = dialog->split;
	/* A client that has gone away is no failure of the script. */
	(void)send(dialog->fd, dialog->out.data + dialog->out_at, now, MSG_NOSIGNAL);
	dialog->out_at += now;
	if (dialog->out_at < dialog->out.len) {
		dialog_peer_wake(dialog, dialog->drip_ms);
		return false;
	}
	str_clear(&dialog->out);
	dialog->out_at = 0;
	return true;
}

static bool
dialog_peer_hear(struct dialog *dialog, const struct dialog_action *action)
{
	char *end = dialog->in.len ? strstr(dialog->in.data, "\r\n") : NULL;

	if (end == NULL)
		return false;
	*end = '\0';
	if (strcmp(dialog->in.data, action->text) != 0)
		dialog_complain(dialog, "line %u: the client said \"%s\", not \"%s\"", action->line,
				dialog->in.data, action->text);
	if (strncmp(dialog->in.data, "MAIL", 4) == 0)
		dialog->mails++;
	dialog_peer_consume(dialog, (size_t)(end + 2 - dialog->in.data));
	return true;
}

static bool
dialog_peer_flight(struct dialog *dialog, const struct dialog_action *action)
{
	unsigned lines = 0;

	if (dialog->in.len == 0)
		return false;
	for (size_t i = 0; i < dialog->in.len; i++)
		lines += dialog->in.data[i] == '\n';
	if (lines != action->number)
		dialog_complain(dialog, "line %u: %u lines came at once, not %u", action->line,
				lines, action->number);
	return true;
}

static const struct str *
dialog_peer_expected(const struct dialog *dialog)
{
	return &dialog->transactions[dialog->mails ? dialog->mails - 1 : 0].body;
}

/* The message as stored, out of what was stuffed. */
static bool
dialog_peer_body(struct dialog *dialog, const struct dialog_action *action)
{
	const struct str *expected = dialog_peer_expected(dialog);
	struct str body = {0};
	char *at = dialog->in.data;
	char *end;

	if (dialog->in.len < 3)
		return false;
	end = strncmp(at, ".\r\n", 3) == 0 ? at : strstr(at, "\r\n.\r\n");
	if (end == NULL)
		return false;
	if (end != at)
		end += 2;
	while (at < end) {
		char *line_end = strstr(at, "\r\n") + 2;

		at += *at == '.';
		str_bytes(&body, at, (size_t)(line_end - at));
		at = line_end;
	}
	if (!slice_equal((struct slice){body.data, body.len},
			 (struct slice){expected->data, expected->len}))
		dialog_complain(dialog, "line %u: the message differs", action->line);
	str_free(&body);
	dialog_peer_consume(dialog, (size_t)(end + 3 - dialog->in.data));
	return true;
}

static bool
dialog_peer_body_bdat(struct dialog *dialog, const struct dialog_action *action)
{
	const struct str *expected = dialog_peer_expected(dialog);

	if (dialog->in.len < expected->len)
		return false;
	if (memcmp(dialog->in.data, expected->data, expected->len) != 0)
		dialog_complain(dialog, "line %u: the message differs", action->line);
	dialog_peer_consume(dialog, expected->len);
	return true;
}

static void
dialog_peer_raw(struct dialog *dialog, const char *text)
{
	for (; *text != '\0'; text++) {
		char hex[3] = {0};

		if (text[0] != '\\') {
			str_char(&dialog->out, *text);
		} else if (text[1] == 'x') {
			memcpy(hex, text + 2, 2);
			str_char(&dialog->out, (char)strtoul(hex, NULL, 16));
			text += 3;
		} else {
			str_char(&dialog->out, text[1] == 'r' ? '\r' : '\n');
			text++;
		}
	}
}

/* True when the action waits for octets and they have come, or waits for nothing. */
static bool
dialog_peer_act(struct dialog *dialog, const struct dialog_action *action)
{
	switch (action->verb) {
	case DIALOG_SAY:
	case DIALOG_RAW:
		if (!dialog->resumed) {
			if (action->verb == DIALOG_RAW)
				dialog_peer_raw(dialog, action->text);
			else
				str_printf(&dialog->out, "%s\r\n", action->text);
		}
		dialog->resumed = true;
		return dialog_peer_say(dialog);
	case DIALOG_HEAR:
		return dialog_peer_hear(dialog, action);
	case DIALOG_FLIGHT:
		return dialog_peer_flight(dialog, action);
	case DIALOG_BODY:
		return dialog_peer_body(dialog, action);
	case DIALOG_BODY_BDAT:
		return dialog_peer_body_bdat(dialog, action);
	case DIALOG_READ:
		if (dialog->in.len < action->number)
			return false;
		dialog_peer_consume(dialog, action->number);
		return true;
	case DIALOG_STALL:
		if (!dialog->resumed)
			dialog_peer_wake(dialog, action->number);
		if (dialog->resumed && !event_pending(dialog->timer, EV_TIMEOUT, NULL))
			return true;
		dialog->resumed = true;
		return false;
	case DIALOG_CLOSE:
	case DIALOG_RESET:
		dialog_peer_close(dialog, action->verb == DIALOG_RESET);
		return true;
	case DIALOG_SPLIT:
		dialog->split = action->number;
		return true;
	case DIALOG_DRIP:
		dialog->drip_ms = action->number;
		return true;
	case DIALOG_DEAF:
		event_del(dialog->readable);
		return true;
	case DIALOG_GO:
		dialog_transact(dialog);
		return true;
	case DIALOG_EXPIRE:
		smtp_session_expire(dialog->session);
		return true;
	case DIALOG_FREE:
		smtp_session_free(&dialog->session);
		dialog->finished = true;
		return true;
	}
	return true;
}

static bool
dialog_peer_wants_input(enum dialog_verb verb)
{
	return verb == DIALOG_HEAR || verb == DIALOG_FLIGHT || verb == DIALOG_BODY ||
	       verb == DIALOG_BODY_BDAT || verb == DIALOG_READ;
}

void
dialog_peer_run(struct dialog *dialog)
{
	while (!dialog->failed && dialog->at < dialog->action_count) {
		const struct dialog_action *action = &dialog->actions[dialog->at];

		if (dialog_peer_wants_input(action->verb) && dialog->fd >= 0)
			event_add(dialog->readable, NULL);
		if (!dialog_peer_act(dialog, action))
			return;
		dialog->resumed = false;
		dialog->at++;
	}
	if (dialog->failed || dialog->finished)
		event_base_loopbreak(dialog->base);
}

/* One read per turn of the loop, so that a flight can be told from two. */
void
dialog_peer_readable(evutil_socket_t fd, short what, void *arg)
{
	struct dialog *dialog = arg;
	const struct dialog_action *action = &dialog->actions[dialog->at];
	ssize_t n = read(dialog->fd, str_reserve(&dialog->in, 65536), 65535);

	if (n <= 0) {
		event_del(dialog->readable);
		if (dialog->at < dialog->action_count && dialog_peer_wants_input(action->verb))
			dialog_complain(dialog, "line %u: the client has closed the connection",
					action->line);
		dialog_peer_run(dialog);
		return;
	}
	dialog->in.len += (size_t)n;
	dialog->in.data[dialog->in.len] = '\0';
	dialog_peer_run(dialog);
}

void
dialog_peer_timer(evutil_socket_t fd, short what, void *arg)
{
	dialog_peer_run(arg);
}
