#include "master/cli/text.h"

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "common/expr/utf8.h"

void
cli_text_locale(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

/*
 * C1 controls are commands to some terminals also in UTF-8; the others break lines or reverse
 * the direction of what follows them.
 */
static bool
cli_text_is_command(uint32_t code)
{
	return (code >= 0x80 && code <= 0x9f) || code == 0x61c || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

/* Appends text, which has no stray bytes, with those characters replaced. */
static void
cli_text_tame(struct str *str, struct slice text, bool json)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = expr_utf8_next(text, &code);

		if (!cli_text_is_command(code))
			str_bytes(str, text.data, len);
		else if (json)
			str_printf(str, "\\u%04x", code);
		else
			for (size_t i = 0; i < len; i++)
				str_printf(str, "\\x%02x", (unsigned char)text.data[i]);
		text.data += len;
		text.len -= len;
	}
}

void
cli_text_line(struct str *str, struct slice text)
{
	struct str printable = {0};

	str_printable(&printable, text.data, text.len);
	cli_text_tame(str, (struct slice){str_c(&printable), printable.len}, false);
	str_free(&printable);
}

void
cli_text_json(struct str *str, struct slice text)
{
	struct str json = {0};

	str_json(&json, text.data, text.len);
	cli_text_tame(str, (struct slice){str_c(&json), json.len}, true);
	str_free(&json);
}

static size_t
cli_text_columns(uint32_t code)
{
	int width = wcwidth((wchar_t)code);

	return width < 0 ? 1 : (size_t)width;
}

size_t
cli_text_fit(struct slice text, size_t width)
{
	size_t fit = 0;

	while (fit < text.len) {
		uint32_t code;
		size_t len = expr_utf8_next((struct slice){text.data + fit, text.len - fit}, &code);
		size_t columns = cli_text_columns(code);

		if (columns > width)
			break;
		width -= columns;
		fit += len;
	}
	return fit;
}

size_t
cli_text_width(struct slice text)
{
	size_t width = 0;

	while (text.len > 0) {
		uint32_t code;
		size_t len = expr_utf8_next(text, &code);

		width += cli_text_columns(code);
		text.data += len;
		text.len -= len;
	}
	return width;
}
