#include "master/cli/sendmail_message.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/alloc.h"

static void
cli_sendmail_message_line(struct cli_sendmail_message *message, struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		if ((unsigned char)line.data[i] > 127)
			message->eight_bit = true;
		if (line.data[i] == '\0')
			message->nul = true;
	}
	str_bytes(&message->text, line.data, line.len);
	str_bytes(&message->text, "\r\n", 2);
}

bool
cli_sendmail_message_read(struct cli_sendmail_message *message, FILE *in, bool ignore_dots)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	bool good;

	memset(message, 0, sizeof(*message));
	while ((len = getline(&line, &room, in)) >= 0) {
		if (len > 0 && line[len - 1] == '\n')
			len--;
		if (len > 0 && line[len - 1] == '\r')
			len--;
		if (!ignore_dots && len == 1 && line[0] == '.')
			break;
		cli_sendmail_message_line(message, (struct slice){line, (size_t)len});
	}
	good = !ferror(in);
	free(line);
	return good;
}

/* One field of a header with its folded lines, CRLF included. */
struct cli_sendmail_field {
	struct slice name;
	struct slice value; /* what is behind the colon, CRLFs of folding included */
	struct slice all;
};

/* Length of the line at text, CRLF included. */
static size_t
cli_sendmail_message_line_len(struct slice text)
{
	const char *end = memchr(text.data, '\n', text.len);

	return end ? (size_t)(end - text.data) + 1 : text.len;
}

/* The field at the start of text; false when no field is there, but the body. */
static bool
cli_sendmail_message_field(struct slice text, struct cli_sendmail_field *field)
{
	size_t len = text.len ? cli_sendmail_message_line_len(text) : 0;
	size_t name = 0;

	while (name < len && text.data[name] > ' ' && text.data[name] < 0x7f &&
	       text.data[name] != ':')
		name++;
	field->name = (struct slice){text.data, name};
	while (name < len && (text.data[name] == ' ' || text.data[name] == '\t'))
		name++;
	if (field->name.len == 0 || name >= len || text.data[name] != ':')
		return false;
	while (len < text.len && (text.data[len] == ' ' || text.data[len] == '\t'))
		len +=
		    cli_sendmail_message_line_len((struct slice){text.data + len, text.len - len});
	field->all = (struct slice){text.data, len};
	field->value = (struct slice){text.data + name + 1, len - name - 1};
	return true;
}

/* Steps through the header: start with *at == 0. */
static bool
cli_sendmail_message_next(const struct cli_sendmail_message *message, size_t *at,
			  struct cli_sendmail_field *field)
{
	struct slice rest = {str_c(&message->text) + *at, message->text.len - *at};

	if (!cli_sendmail_message_field(rest, field))
		return false;
	*at += field->all.len;
	return true;
}

static void
cli_sendmail_message_add(struct cli_sendmail_message *message, struct slice address)
{
	address = slice_trim(address);
	if (address.len == 0)
		return;
	message->addresses = alloc_resize(message->addresses, message->address_count + 1,
					  sizeof(message->addresses[0]));
	message->addresses[message->address_count++] = alloc_copy(address.data, address.len);
}

/* Where one address list is being read. */
struct cli_sendmail_list {
	struct str plain; /* of the current entry, without comments and what is in brackets */
	struct str angle; /* between its brackets */
	bool has_angle;
	bool quoted;
	bool in_angle;
	unsigned comment; /* depth */
};

static void
cli_sendmail_message_entry(struct cli_sendmail_message *message, struct cli_sendmail_list *list)
{
	struct str *from = list->has_angle ? &list->angle : &list->plain;

	cli_sendmail_message_add(message, (struct slice){str_c(from), from->len});
	str_clear(&list->plain);
	str_clear(&list->angle);
	list->has_angle = false;
	list->in_angle = false;
}

/* A character that is neither quoted nor in a comment. */
static void
cli_sendmail_message_special(struct cli_sendmail_message *message, struct cli_sendmail_list *list,
			     char c)
{
	if (c == '<') {
		list->in_angle = true;
		list->has_angle = true;
	} else if (c == '>') {
		list->in_angle = false;
	} else if ((c == ',' || c == ';') && !list->in_angle) {
		cli_sendmail_message_entry(message, list);
	} else if (c == ':' && !list->in_angle) {
		/* What came before is the name of a group. */
		str_clear(&list->plain);
	} else if (c != '\r' && c != '\n' && c != ' ' && c != '\t') {
		str_char(list->in_angle ? &list->angle : &list->plain, c);
	}
}

/* RFC 5322 section 3.4, with its quotes, comments and groups. */
static void
cli_sendmail_message_addresses(struct cli_sendmail_message *message, struct slice value)
{
	struct cli_sendmail_list list = {.comment = 0};

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];
		struct str *to = list.in_angle ? &list.angle : &list.plain;

		if (c == '\\' && (list.quoted || list.comment > 0)) {
			if (list.quoted)
				str_bytes(to, value.data + i, i + 1 < value.len ? 2 : 1);
			i++;
		} else if (list.comment > 0) {
			list.comment += c == '(' ? 1u : 0u;
			list.comment -= c == ')' ? 1u : 0u;
		} else if (c == '"') {
			list.quoted = !list.quoted;
			str_char(to, c);
		} else if (list.quoted) {
			str_char(to, c);
		} else if (c == '(') {
			list.comment = 1;
		} else {
			cli_sendmail_message_special(message, &list, c);
		}
	}
	cli_sendmail_message_entry(message, &list);
	str_free(&list.plain);
	str_free(&list.angle);
}

void
cli_sendmail_message_recipients(struct cli_sendmail_message *message)
{
	struct cli_sendmail_field field;
	size_t at = 0;

	while (cli_sendmail_message_next(message, &at, &field))
		if (slice_is_nocase(field.name, "To") || slice_is_nocase(field.name, "Cc") ||
		    slice_is_nocase(field.name, "Bcc"))
			cli_sendmail_message_addresses(message, field.value);
}

static void
cli_sendmail_message_put_date(struct str *out, const struct cli_sendmail_defaults *defaults)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t local = (time_t)(defaults->wall_ms / 1000 + 60LL * defaults->offset_minutes);
	int offset = abs(defaults->offset_minutes);
	struct tm tm;

	gmtime_r(&local, &tm);
	str_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d %c%02d%02d\r\n", days[tm.tm_wday],
		   tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		   tm.tm_sec, defaults->offset_minutes < 0 ? '-' : '+', offset / 60, offset % 60);
}

/* A display name (RFC 5322 section 3.4) may be any text when it is quoted. */
static void
cli_sendmail_message_put_from(struct str *out, const struct cli_sendmail_defaults *defaults)
{
	if (defaults->full_name[0] == '\0') {
		str_printf(out, "From: %s\r\n", defaults->sender);
		return;
	}
	str_text(out, "From: \"");
	for (const char *at = defaults->full_name; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			str_char(out, '\\');
		if ((unsigned char)*at >= ' ')
			str_char(out, *at);
	}
	str_printf(out, "\" <%s>\r\n", defaults->sender);
}

void
cli_sendmail_message_complete(struct cli_sendmail_message *message,
			      const struct cli_sendmail_defaults *defaults)
{
	struct cli_sendmail_field field;
	struct str out = {0};
	bool from = false;
	bool date = false;
	bool id = false;
	size_t at = 0;

	while (cli_sendmail_message_next(message, &at, &field)) {
		from = from || slice_is_nocase(field.name, "From");
		date = date || slice_is_nocase(field.name, "Date");
		id = id || slice_is_nocase(field.name, "Message-ID");
		if (!slice_is_nocase(field.name, "Bcc"))
			str_bytes(&out, field.all.data, field.all.len);
	}
	if (!from)
		cli_sendmail_message_put_from(&out, defaults);
	if (!date)
		cli_sendmail_message_put_date(&out, defaults);
	if (!id)
		str_printf(&out, "Message-ID: <%llx.%08x@%s>\r\n",
			   (unsigned long long)defaults->wall_ms, defaults->nonce,
			   defaults->hostname);
	message->header_len = out.len;
	/* A text that is not a header at all is the body. */
	if (message->text.len - at < 2 || memcmp(message->text.data + at, "\r\n", 2) != 0)
		str_bytes(&out, "\r\n", 2);
	if (message->text.len > at)
		str_bytes(&out, message->text.data + at, message->text.len - at);
	str_free(&message->text);
	message->text = out;
}

void
cli_sendmail_message_free(struct cli_sendmail_message *message)
{
	for (size_t i = 0; i < message->address_count; i++)
		free(message->addresses[i]);
	free(message->addresses);
	str_free(&message->text);
	memset(message, 0, sizeof(*message));
}
