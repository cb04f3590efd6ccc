#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/crc32c.h"
#include "common/str.h"
#include "worker/submit/command.h"
#include "worker/submit/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_command(struct slice line)
{
	struct submit_command_mail mail;
	struct submit_command_rcpt rcpt;
	struct submit_command_bdat bdat;
	struct slice name;
	struct slice args;

	submit_command_parse(line, &args);
	assert(args.data >= line.data && args.data + args.len <= line.data + line.len);
	submit_command_hello(args, &name);
	if (submit_command_mail(args, 7, &mail) == NULL)
		assert(mail.path.len <= PROTO_SUBMIT_PATH);
	if (submit_command_rcpt(args, 7, true, &rcpt) == NULL)
		assert(rcpt.path.len > 0 && rcpt.orcpt.len <= PROTO_SUBMIT_PARAM);
	submit_command_bdat(args, &bdat);
}

/* What is stored has CRLF and nothing else, and the measures are those of what is stored. */
static void
fuzz_check(const struct submit_scan *scan, const struct str *out)
{
	for (size_t i = 0; i < out->len; i++) {
		if (out->data[i] == '\r')
			assert(i + 1 < out->len && out->data[i + 1] == '\n');
		if (out->data[i] == '\n')
			assert(i > 0 && out->data[i - 1] == '\r');
	}
	assert(scan->size == out->len);
	assert(scan->crc32c == crc32c(0, str_c(out), out->len));
}

static void
fuzz_scan(struct slice text, size_t cut)
{
	struct submit_scan whole;
	struct submit_scan split;
	struct str a = {0};
	struct str b = {0};
	size_t taken;

	submit_scan_init(&whole);
	submit_scan_init(&split);
	taken = submit_scan_data(&whole, text, &a);
	fuzz_check(&whole, &a);
	assert(taken == text.len || whole.state == SUBMIT_SCAN_END);
	cut = cut < text.len ? cut : text.len;
	if (submit_scan_data(&split, (struct slice){text.data, cut}, &b) == cut)
		submit_scan_data(&split, (struct slice){text.data + cut, text.len - cut}, &b);
	assert(split.state == whole.state && split.crc32c == whole.crc32c);
	assert(a.len == b.len);
	str_clear(&a);
	submit_scan_init(&whole);
	submit_scan_raw(&whole, text, &a);
	submit_scan_finish(&whole, &a);
	fuzz_check(&whole, &a);
	str_free(&a);
	str_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	const char *newline = size > 0 ? memchr(text.data, '\n', size) : NULL;

	if (size == 0)
		return 0;
	fuzz_command((struct slice){text.data, newline ? (size_t)(newline - text.data) : size});
	fuzz_scan((struct slice){text.data + 1, size - 1}, data[0]);
	return 0;
}
