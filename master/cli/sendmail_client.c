#include "master/cli/sendmail_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/netaddr.h"
#include "common/str.h"
#include "common/why.h"
#include "master/cli/sendmail_endpoint.h"
#include "master/cli/sendmail_message.h"

enum {
	CLI_SENDMAIL_TIMEOUT_S = 600, /* RFC 5321 section 4.5.3.2.6: the longest of them */
	CLI_SENDMAIL_LINE = 4096,
	CLI_SENDMAIL_PIECE = 65536,
};

struct cli_sendmail_client {
	int fd;
	bool verbose;
	size_t len; /* of in */
	char in[CLI_SENDMAIL_LINE];
	int code;                      /* of the last reply; 0: none came */
	char reply[CLI_SENDMAIL_LINE]; /* its last line */
	bool dsn;                      /* offered in EHLO, as are the next three */
	bool eight_bit;
	bool smtputf8;
	bool size;
};

int
cli_sendmail_client_connect(const struct cli_sendmail_endpoint *endpoint, struct why *why)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const struct sockaddr *sa = &endpoint->address.sa.any;
	socklen_t len = netaddr_len(&endpoint->address);
	struct timeval limit = {.tv_sec = CLI_SENDMAIL_TIMEOUT_S};
	char text[NETADDR_TEXT];
	int fd;

	if (endpoint->path[0] != '\0') {
		memcpy(un.sun_path, endpoint->path, strnlen(endpoint->path, sizeof(un.sun_path)));
		sa = (struct sockaddr *)&un;
		len = sizeof(un);
	}
	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	}
	if (fd >= 0 && connect(fd, sa, len) == 0)
		return fd;
	why_errno(why, "cannot reach the daemon at %s",
		  endpoint->path[0] != '\0' ? endpoint->path
					    : netaddr_text_port(text, &endpoint->address));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
cli_sendmail_client_write(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

/* One line of a reply without CRLF into client->reply. */
static bool
cli_sendmail_client_line(struct cli_sendmail_client *client)
{
	char *newline;
	size_t len;

	while ((newline = memchr(client->in, '\n', client->len)) == NULL) {
		ssize_t got;

		if (client->len == sizeof(client->in))
			return false;
		got =
		    recv(client->fd, client->in + client->len, sizeof(client->in) - client->len, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		client->len += (size_t)got;
	}
	len = (size_t)(newline - client->in);
	memcpy(client->reply, client->in, len);
	while (len > 0 && client->reply[len - 1] == '\r')
		len--;
	client->reply[len] = '\0';
	client->len -= (size_t)(newline + 1 - client->in);
	memmove(client->in, newline + 1, client->len);
	if (client->verbose)
		printf("%s\n", client->reply);
	return true;
}

static void
cli_sendmail_client_note(struct cli_sendmail_client *client)
{
	struct slice keyword = slice_of(client->reply + 4);

	client->dsn = client->dsn || slice_is_nocase(keyword, "DSN");
	client->eight_bit = client->eight_bit || slice_is_nocase(keyword, "8BITMIME");
	client->smtputf8 = client->smtputf8 || slice_is_nocase(keyword, "SMTPUTF8");
	client->size = client->size || slice_is_nocase(keyword, "SIZE") ||
		       slice_starts_nocase(keyword, "SIZE ");
}

/* Reads a whole reply; its code, or 0 when the connection ended or it is no reply. */
static int
cli_sendmail_client_hear(struct cli_sendmail_client *client)
{
	do {
		const char *digits = client->reply;

		client->code = 0;
		if (!cli_sendmail_client_line(client) || strspn(digits, "0123456789") < 3 ||
		    digits[0] < '2' || digits[0] > '5')
			return 0;
		client->code = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
		if (strlen(digits) > 4)
			cli_sendmail_client_note(client);
	} while (client->reply[3] == '-');
	return client->code;
}

static int
cli_sendmail_client_ask(struct cli_sendmail_client *client, const struct str *line)
{
	if (!cli_sendmail_client_write(client->fd, line->data, line->len)) {
		client->code = 0;
		return 0;
	}
	return cli_sendmail_client_hear(client);
}

/* What a reply other than the one hoped for means to the caller of sendmail. */
static int
cli_sendmail_client_status(const struct cli_sendmail_client *client, const char *what,
			   struct why *why)
{
	if (client->code == 0)
		why_set(why, "the daemon ended the connection at %s", what);
	else
		why_set(why, "%s: %s", what, client->reply);
	if (client->code == 550)
		return EX_NOUSER;
	return client->code >= 500 ? EX_DATAERR : EX_TEMPFAIL;
}

static int
cli_sendmail_client_greet(struct cli_sendmail_client *client, const char *hostname, struct why *why)
{
	struct str line = {0};
	int code = cli_sendmail_client_hear(client);

	if (code / 100 == 2) {
		str_printf(&line, "EHLO %s\r\n", hostname);
		client->dsn = false;
		code = cli_sendmail_client_ask(client, &line);
		str_free(&line);
	}
	if (code / 100 == 2)
		return EX_OK;
	/* This is not about the message: later, or once it is set right, it may be taken. */
	cli_sendmail_client_status(client, "greeting", why);
	return EX_TEMPFAIL;
}

static bool
cli_sendmail_client_needs_utf8(const struct cli_sendmail_envelope *envelope)
{
	bool utf8 = false;

	for (const char *at = envelope->sender; *at != '\0'; at++)
		utf8 = utf8 || (unsigned char)*at > 127;
	for (size_t i = 0; i < envelope->recipient_count; i++)
		for (const char *at = envelope->recipients[i]; *at != '\0'; at++)
			utf8 = utf8 || (unsigned char)*at > 127;
	return utf8;
}

static int
cli_sendmail_client_envelope(struct cli_sendmail_client *client,
			     const struct cli_sendmail_envelope *envelope,
			     const struct cli_sendmail_message *message, struct why *why)
{
	struct str line = {0};
	int status = EX_OK;

	str_printf(&line, "MAIL FROM:<%s>", envelope->sender);
	if (client->size)
		str_printf(&line, " SIZE=%zu", message->text.len);
	if (client->eight_bit && message->eight_bit)
		str_text(&line, " BODY=8BITMIME");
	if (client->smtputf8 && cli_sendmail_client_needs_utf8(envelope))
		str_text(&line, " SMTPUTF8");
	if (client->dsn && envelope->ret != NULL)
		str_printf(&line, " RET=%s", envelope->ret);
	if (client->dsn && envelope->envid != NULL)
		str_printf(&line, " ENVID=%s", envelope->envid);
	str_text(&line, "\r\n");
	if (cli_sendmail_client_ask(client, &line) / 100 != 2)
		status = cli_sendmail_client_status(client, "sender", why);
	for (size_t i = 0; i < envelope->recipient_count && status == EX_OK; i++) {
		str_clear(&line);
		str_printf(&line, "RCPT TO:<%s>", envelope->recipients[i]);
		if (client->dsn && envelope->notify != NULL)
			str_printf(&line, " NOTIFY=%s", envelope->notify);
		str_text(&line, "\r\n");
		if (cli_sendmail_client_ask(client, &line) / 100 != 2)
			status = cli_sendmail_client_status(client, envelope->recipients[i], why);
	}
	str_free(&line);
	return status;
}

/*
 * A part of the message did not leave: what is missing must not look like its end, so nothing more
 * is said. The reply explains it, if there is one.
 */
static void
cli_sendmail_client_give_up(struct cli_sendmail_client *client)
{
	shutdown(client->fd, SHUT_WR);
	cli_sendmail_client_hear(client);
}

static int
cli_sendmail_client_body(struct cli_sendmail_client *client,
			 const struct cli_sendmail_message *message, struct why *why)
{
	const struct str *text = &message->text;
	struct str out = {0};
	int status = EX_OK;
	bool whole = true;

	str_text(&out, "DATA\r\n");
	if (cli_sendmail_client_ask(client, &out) != 354) {
		str_free(&out);
		return cli_sendmail_client_status(client, "message", why);
	}
	str_clear(&out);
	for (size_t at = 0; at < text->len && whole;) {
		const char *line = text->data + at;
		size_t len = (size_t)((char *)memchr(line, '\n', text->len - at) + 1 - line);

		if (line[0] == '.')
			str_char(&out, '.');
		str_bytes(&out, line, len);
		at += len;
		if (out.len < CLI_SENDMAIL_PIECE)
			continue;
		whole = cli_sendmail_client_write(client->fd, out.data, out.len);
		str_clear(&out);
	}
	str_text(&out, ".\r\n");
	if (whole)
		cli_sendmail_client_ask(client, &out);
	else
		cli_sendmail_client_give_up(client);
	if (!whole || client->code / 100 != 2)
		status = cli_sendmail_client_status(client, "message", why);
	str_free(&out);
	return status;
}

int
cli_sendmail_client_send(int fd, const struct cli_sendmail_envelope *envelope,
			 const struct cli_sendmail_message *message, struct why *why)
{
	struct cli_sendmail_client client = {.fd = fd, .verbose = envelope->verbose};
	int status = cli_sendmail_client_greet(&client, envelope->hostname, why);

	if (status == EX_OK)
		status = cli_sendmail_client_envelope(&client, envelope, message, why);
	if (status == EX_OK)
		status = cli_sendmail_client_body(&client, message, why);
	cli_sendmail_client_write(fd, "QUIT\r\n", 6);
	close(fd);
	return status;
}

/* Moves what there is from one side to the other: 1 moved, 0 the end, -1 broken. */
static int
cli_sendmail_client_move(int from, int to)
{
	char data[CLI_SENDMAIL_PIECE];
	ssize_t len = read(from, data, sizeof(data));
	ssize_t done = 0;

	if (len < 0)
		return errno == EINTR ? 1 : -1;
	while (done < len) {
		ssize_t put = write(to, data + done, (size_t)(len - done));

		if (put < 0 && errno != EINTR)
			return -1;
		done += put > 0 ? put : 0;
	}
	return len > 0;
}

int
cli_sendmail_client_relay(int fd, struct why *why)
{
	struct pollfd poller[2] = {{.fd = fd, .events = POLLIN},
				   {.fd = STDIN_FILENO, .events = POLLIN}};

	for (;;) {
		int moved = 1;

		if (poll(poller, 2, -1) < 0 && errno != EINTR)
			break;
		if (poller[0].revents != 0)
			moved = cli_sendmail_client_move(fd, STDOUT_FILENO);
		if (moved <= 0) {
			close(fd);
			return moved == 0 ? EX_OK : EX_TEMPFAIL;
		}
		if (poller[1].fd < 0 || poller[1].revents == 0)
			continue;
		if (cli_sendmail_client_move(STDIN_FILENO, fd) <= 0) {
			/* The daemon answers what it has heard, then closes. */
			shutdown(fd, SHUT_WR);
			poller[1].fd = -1;
		}
	}
	why_errno(why, "poll");
	close(fd);
	return EX_TEMPFAIL;
}
