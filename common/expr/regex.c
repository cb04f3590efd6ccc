#define PCRE2_CODE_UNIT_WIDTH 8

#include "common/expr/regex.h"

#include <pcre2.h>

#include "common/arena.h"
#include "common/log.h"
#include "common/why.h"

/* About two milliseconds at worst, and half a megabyte. Not for long subjects of greedy patterns.
 */
enum {
	EXPR_REGEX_STEPS = 100000,
	EXPR_REGEX_DEPTH = 10000,
	EXPR_REGEX_KIBIBYTES = 512,
	EXPR_REGEX_PATTERN = 16384,
};

/* Scratch memory is made once here instead of at each match: one thread, no match inside another.
 */
struct expr_regex {
	pcre2_code *code;
	pcre2_match_context *limits;
	pcre2_match_data *data;
};

static void
expr_regex_release(void *arg)
{
	struct expr_regex *regex = arg;

	pcre2_match_data_free(regex->data);
	pcre2_match_context_free(regex->limits);
	pcre2_code_free(regex->code);
}

/* The dialect of the published configurations: UTF-8, "." is not LF, "$" is the very end. */
static uint32_t
expr_regex_options(void)
{
	uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;

#ifdef PCRE2_MATCH_INVALID_UTF
	/* The subject may be any bytes. */
	options |= PCRE2_MATCH_INVALID_UTF;
#endif
	return options;
}

static bool
expr_regex_parse(struct expr_regex *regex, struct slice pattern, unsigned column, struct why *why)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR text[128];
	PCRE2_SIZE offset;
	int error;

	if (context == NULL)
		log_die("out of memory: a regular expression");
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_max_pattern_length(context, EXPR_REGEX_PATTERN);
	regex->code = pcre2_compile((PCRE2_SPTR)(pattern.len ? pattern.data : ""), pattern.len,
				    expr_regex_options(), &error, &offset, context);
	pcre2_compile_context_free(context);
	if (regex->code != NULL)
		return true;
	pcre2_get_error_message(error, text, sizeof(text));
	why_at(why, 0, column, "Invalid regular expression \"%.*s\": %s (at its character %zu)",
	       pattern.len > 200 ? 200 : (int)pattern.len, pattern.data, (const char *)text,
	       (size_t)offset + 1);
	return false;
}

const struct expr_regex *
expr_regex_compile(struct arena *arena, struct slice pattern, unsigned column, struct why *why)
{
	struct expr_regex *regex = arena_zero(arena, struct expr_regex);

	if (!expr_regex_parse(regex, pattern, column, why))
		return NULL;
	arena_on_free(arena, expr_regex_release, regex);
	regex->limits = pcre2_match_context_create(NULL);
	regex->data = pcre2_match_data_create(EXPR_CAPTURE_MAX, NULL);
	if (regex->limits == NULL || regex->data == NULL)
		log_die("out of memory: a regular expression");
	pcre2_set_match_limit(regex->limits, EXPR_REGEX_STEPS);
	pcre2_set_depth_limit(regex->limits, EXPR_REGEX_DEPTH);
	pcre2_set_heap_limit(regex->limits, EXPR_REGEX_KIBIBYTES);
	return regex;
}

static void
expr_regex_capture(const struct expr_regex *regex, struct slice subject, size_t groups,
		   struct expr_captures *captures)
{
	const PCRE2_SIZE *places = pcre2_get_ovector_pointer(regex->data);

	for (size_t i = 0; i < groups; i++) {
		PCRE2_SIZE start = places[2 * i];
		PCRE2_SIZE end = places[2 * i + 1];

		captures->groups[i] = (struct slice){"", 0};
		/* A group that took no part is PCRE2_UNSET; \K can put the start behind the end. */
		if (start <= end && end <= subject.len)
			captures->groups[i] = (struct slice){subject.data + start, end - start};
	}
	captures->count = groups;
}

bool
expr_regex_match(const struct expr_regex *regex, struct slice subject,
		 struct expr_captures *captures, bool *limited)
{
	int count;

	captures->count = 0;
	*limited = false;
	if (subject.len == 0)
		subject.data = "";
	count = pcre2_match(regex->code, (PCRE2_SPTR)subject.data, subject.len, 0, 0, regex->data,
			    regex->limits);
	if (count < 0) {
		*limited = count == PCRE2_ERROR_MATCHLIMIT || count == PCRE2_ERROR_DEPTHLIMIT ||
			   count == PCRE2_ERROR_HEAPLIMIT;
		return false;
	}
	/* 0: more groups than there is room for, and all room is used. */
	expr_regex_capture(regex, subject, count == 0 ? EXPR_CAPTURE_MAX : (size_t)count, captures);
	return true;
}
