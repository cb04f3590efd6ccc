#include "worker/submit/scan.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "common/crc32c.h"

void
submit_scan_init(struct submit_scan *scan)
{
	memset(scan, 0, sizeof(*scan));
}

/*
 * Goes over data in blocks, because every byte of every message passes here, up to the first block
 * with a CR, LF or NUL in it. *high gets a high bit set if a byte above 127 was passed.
 */
#if defined(__SSE2__)
static size_t
submit_scan_blocks(const char *data, size_t len, uint64_t *high)
{
	const __m128i lf = _mm_set1_epi8('\n');
	const __m128i cr = _mm_set1_epi8('\r');
	const __m128i nul = _mm_setzero_si128();
	__m128i seen = nul;
	size_t at = 0;

	for (; len - at >= 16; at += 16) {
		__m128i block = _mm_loadu_si128((const __m128i *)(const void *)(data + at));
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(block, lf), _mm_cmpeq_epi8(block, cr));

		if (_mm_movemask_epi8(_mm_or_si128(hit, _mm_cmpeq_epi8(block, nul))) != 0)
			break;
		seen = _mm_or_si128(seen, block);
	}
	if (_mm_movemask_epi8(seen) != 0)
		*high = 0x80;
	return at;
}
#else
/* A byte of a word is zero where the result has its high bit; bytes above a zero may lie. */
static inline uint64_t
submit_scan_zeroes(uint64_t word)
{
	return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

static size_t
submit_scan_blocks(const char *data, size_t len, uint64_t *high)
{
	size_t at = 0;

	for (; len - at >= 8; at += 8) {
		uint64_t word;

		memcpy(&word, data + at, 8);
		if ((submit_scan_zeroes(word) | submit_scan_zeroes(word ^ 0x0a0a0a0a0a0a0a0a) |
		     submit_scan_zeroes(word ^ 0x0d0d0d0d0d0d0d0d)) != 0)
			break;
		*high |= word;
	}
	return at;
}
#endif

/* Length of the bytes at the start of data that are plain text of a line: no CR, LF or NUL. */
static size_t
submit_scan_run(const char *data, size_t len, bool *eight_bit)
{
	uint64_t high = 0;
	size_t at = submit_scan_blocks(data, len, &high);

	for (; at < len; at++) {
		if (data[at] == '\r' || data[at] == '\n' || data[at] == '\0')
			break;
		high |= (uint64_t)(unsigned char)data[at];
	}
	if ((high & 0x8080808080808080) != 0)
		*eight_bit = true;
	return at;
}

/* Keeps the start of a header line, which may come in any number of pieces. */
static void
submit_scan_note_name(struct submit_scan *scan, const char *data, size_t len)
{
	size_t room = SUBMIT_SCAN_NAME - scan->name_len;

	if (scan->in_body || room == 0)
		return;
	if (len > room)
		len = room;
	memcpy(scan->name + scan->name_len, data, len);
	scan->name_len = (uint8_t)(scan->name_len + len);
}

static void
submit_scan_text(struct submit_scan *scan, const char *data, size_t len, struct str *out)
{
	if (len == 0)
		return;
	if (scan->line == 0 && data[0] == '.')
		scan->needs_stuffing = true;
	submit_scan_note_name(scan, data, len);
	scan->line = len > UINT32_MAX - scan->line ? UINT32_MAX : scan->line + (uint32_t)len;
	str_bytes(out, data, len);
	scan->state = SUBMIT_SCAN_TEXT;
}

static void
submit_scan_newline(struct submit_scan *scan, struct str *out, enum submit_scan_state state)
{
	if (!scan->in_body) {
		struct slice name = {scan->name, scan->name_len};

		/* The first letter first: it spares most lines the rest. */
		if ((scan->name[0] | 0x20) == 'r' && slice_starts_nocase(name, "received:"))
			scan->received++;
		if (scan->line == 0)
			scan->in_body = true;
		scan->name_len = 0;
	}
	if (scan->line > scan->longest)
		scan->longest = scan->line;
	scan->line = 0;
	str_bytes(out, "\r\n", 2);
	scan->state = state;
}

/* The CR before this byte stood by itself. */
static void
submit_scan_bare_cr(struct submit_scan *scan, struct str *out)
{
	scan->bare_newline = true;
	submit_scan_newline(scan, out, SUBMIT_SCAN_SOFT);
}

/* One byte that a run stopped at; there are three of them. */
static void
submit_scan_special(struct submit_scan *scan, char byte, struct str *out)
{
	if (byte == '\0') {
		scan->nul = true;
		submit_scan_text(scan, &byte, 1, out);
	} else if (byte == '\r') {
		scan->state = SUBMIT_SCAN_CR;
	} else {
		scan->bare_newline = true;
		submit_scan_newline(scan, out, SUBMIT_SCAN_SOFT);
	}
}

/* Takes what can be taken without knowing about dots: at least one byte. */
static size_t
submit_scan_some(struct submit_scan *scan, const char *data, size_t len, struct str *out)
{
	size_t run;

	if (scan->state == SUBMIT_SCAN_CR) {
		if (data[0] == '\n') {
			submit_scan_newline(scan, out, SUBMIT_SCAN_START);
			return 1;
		}
		submit_scan_bare_cr(scan, out);
	}
	run = submit_scan_run(data, len, &scan->eight_bit);
	submit_scan_text(scan, data, run, out);
	/* The commonest case in one go: a line and its CRLF. */
	if (len - run >= 2 && data[run] == '\r' && data[run + 1] == '\n') {
		submit_scan_newline(scan, out, SUBMIT_SCAN_START);
		return run + 2;
	}
	if (run == 0) {
		submit_scan_special(scan, data[0], out);
		return 1;
	}
	return run;
}

/* A byte at a line start of DATA or behind its dot; true when it was taken. */
static bool
submit_scan_dot(struct submit_scan *scan, char byte)
{
	switch (scan->state) {
	case SUBMIT_SCAN_START:
		if (byte != '.')
			return false;
		scan->state = SUBMIT_SCAN_DOT;
		return true;
	case SUBMIT_SCAN_DOT:
		/* What follows belongs to the line: its dot was stuffing (section 4.5.2). */
		scan->state = byte == '\r' ? SUBMIT_SCAN_DOT_CR : SUBMIT_SCAN_TEXT;
		return byte == '\r';
	case SUBMIT_SCAN_DOT_CR:
		scan->state = byte == '\n' ? SUBMIT_SCAN_END : SUBMIT_SCAN_CR;
		return byte == '\n';
	default:
		return false;
	}
}

/* Accounts for what was appended to out behind `before`. */
static void
submit_scan_measure(struct submit_scan *scan, const struct str *out, size_t before)
{
	if (out->len == before)
		return;
	scan->crc32c = crc32c(scan->crc32c, out->data + before, out->len - before);
	scan->size += out->len - before;
}

size_t
submit_scan_data(struct submit_scan *scan, struct slice in, struct str *out)
{
	size_t before = out->len;
	size_t at = 0;

	while (at < in.len && scan->state != SUBMIT_SCAN_END)
		if (submit_scan_dot(scan, in.data[at]))
			at++;
		else
			at += submit_scan_some(scan, in.data + at, in.len - at, out);
	submit_scan_measure(scan, out, before);
	return at;
}

void
submit_scan_raw(struct submit_scan *scan, struct slice in, struct str *out)
{
	size_t before = out->len;
	size_t at = 0;

	while (at < in.len)
		at += submit_scan_some(scan, in.data + at, in.len - at, out);
	submit_scan_measure(scan, out, before);
}

void
submit_scan_finish(struct submit_scan *scan, struct str *out)
{
	size_t before = out->len;

	if (scan->state == SUBMIT_SCAN_CR)
		submit_scan_bare_cr(scan, out);
	else if (scan->line > 0)
		submit_scan_newline(scan, out, SUBMIT_SCAN_SOFT);
	scan->state = SUBMIT_SCAN_END;
	submit_scan_measure(scan, out, before);
}
