#include "common/expr/builtin.h"

#include <string.h>

#include "common/arena.h"
#include "common/expr/eval.h"
#include "common/netaddr.h"

static struct slice
expr_builtin_mail_of(struct expr_run *run, const struct expr_value *value)
{
	return expr_value_stringify(value, run->env->arena);
}

/* Offset of the @ behind a local part that is quoted (RFC 5321 section 4.1.2); 0 when there is
 * none. */
static size_t
expr_builtin_mail_quoted(struct slice text)
{
	size_t at = 1;

	while (at < text.len && text.data[at] != '"')
		at += text.data[at] == '\\' ? 2 : 1;
	return at > 1 && at + 1 < text.len && text.data[at + 1] == '@' ? at + 1 : 0;
}

/* Not empty, no white space, controls or @, and no empty piece between dots. */
static bool
expr_builtin_mail_is_dotted(struct slice text, size_t *dots)
{
	*dots = 0;
	if (text.len == 0 || text.data[text.len - 1] == '.')
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f ||
		    strchr("()<>[]:;,@\\\"", text.data[i]) != NULL)
			return false;
		if (text.data[i] != '.')
			continue;
		if (i == 0 || text.data[i - 1] == '.')
			return false;
		(*dots)++;
	}
	return true;
}

void
expr_builtin_mail_is_email(struct expr_run *run, unsigned column, const struct expr_value *args,
			   struct expr_value *result)
{
	struct slice text = expr_builtin_mail_of(run, &args[0]);
	const char *sign = text.len > 0 ? memchr(text.data, '@', text.len) : NULL;
	bool quoted = text.len > 0 && text.data[0] == '"';
	size_t at = sign != NULL ? (size_t)(sign - text.data) : 0;
	struct slice domain;
	size_t dots;
	bool valid;

	if (quoted)
		at = expr_builtin_mail_quoted(text);
	valid =
	    at > 0 && (quoted || expr_builtin_mail_is_dotted((struct slice){text.data, at}, &dots));
	if (valid) {
		domain = (struct slice){text.data + at + 1, text.len - at - 1};
		valid = expr_builtin_mail_is_dotted(domain, &dots) && dots > 0;
	}
	*result = expr_value_integer(valid);
}

/* arg: the word that says which part. */
static struct slice
expr_builtin_mail_part(struct arena *arena, struct slice text, void *arg)
{
	const struct slice *which = arg;
	const char *sign = text.len > 0 ? memrchr(text.data, '@', text.len) : NULL;
	size_t at = sign != NULL ? (size_t)(sign - text.data) : 0;

	if (sign != NULL && slice_is(*which, "local"))
		return (struct slice){text.data, at};
	if (sign != NULL && slice_is(*which, "domain"))
		return (struct slice){sign + 1, text.len - at - 1};
	return (struct slice){"", 0};
}

void
expr_builtin_mail_email_part(struct expr_run *run, unsigned column, const struct expr_value *args,
			     struct expr_value *result)
{
	struct slice which = expr_builtin_mail_of(run, &args[1]);

	*result = expr_builtin_map(run->env->arena, &args[0], expr_builtin_mail_part, &which);
}

/* AF_INET, AF_INET6, or AF_UNSPEC for any other text. */
static int
expr_builtin_mail_family(struct expr_run *run, const struct expr_value *value,
			 struct netaddr *address)
{
	if (!netaddr_parse(expr_builtin_mail_of(run, value), 0, address))
		return AF_UNSPEC;
	return netaddr_family(address);
}

void
expr_builtin_mail_is_ip_addr(struct expr_run *run, unsigned column, const struct expr_value *args,
			     struct expr_value *result)
{
	struct netaddr address;

	*result =
	    expr_value_integer(expr_builtin_mail_family(run, &args[0], &address) != AF_UNSPEC);
}

void
expr_builtin_mail_is_ipv4_addr(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	struct netaddr address;

	*result = expr_value_integer(expr_builtin_mail_family(run, &args[0], &address) == AF_INET);
}

void
expr_builtin_mail_is_ipv6_addr(struct expr_run *run, unsigned column, const struct expr_value *args,
			       struct expr_value *result)
{
	struct netaddr address;

	*result = expr_value_integer(expr_builtin_mail_family(run, &args[0], &address) == AF_INET6);
}

void
expr_builtin_mail_ip_reverse_name(struct expr_run *run, unsigned column,
				  const struct expr_value *args, struct expr_value *result)
{
	struct arena *arena = run->env->arena;
	struct netaddr address;
	const unsigned char *bytes;
	int family = expr_builtin_mail_family(run, &args[0], &address);
	char *text;

	*result = expr_value_text((struct slice){"", 0});
	if (family == AF_INET) {
		bytes = (const unsigned char *)&address.sa.v4.sin_addr;
		text = arena_printf(arena, "%u.%u.%u.%u", bytes[3], bytes[2], bytes[1], bytes[0]);
		*result = expr_value_text(slice_of(text));
	} else if (family == AF_INET6) {
		bytes = address.sa.v6.sin6_addr.s6_addr;
		text = arena_alloc(arena, 64);
		for (size_t i = 0; i < 32; i++) {
			unsigned byte = bytes[15 - i / 2];

			text[2 * i] = "0123456789abcdef"[byte >> (i % 2 ? 4 : 0) & 15];
			text[2 * i + 1] = '.';
		}
		*result = expr_value_text((struct slice){text, 63});
	}
}
