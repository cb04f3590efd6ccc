#include "common/outcome.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	const char *doing;
} outcome_steps[] = {
#define STEP(name, word, doing) [OUTCOME_STEP_##name] = {word, doing},
#include "common/tbl/step.def"
#undef STEP
};

static const char *const outcome_classes[] = {
    [OUTCOME_DELIVERED] = "delivered",
    [OUTCOME_TEMPORARY] = "temporary",
    [OUTCOME_PERMANENT] = "permanent",
};

static const char *const outcome_errors[] = {
    [OUTCOME_ERROR_NONE] = "none",
    [OUTCOME_ERROR_DNS] = "dns",
    [OUTCOME_ERROR_REPLY] = "unexpected-reply",
    [OUTCOME_ERROR_CONNECTION] = "connection",
    [OUTCOME_ERROR_TLS] = "tls",
    [OUTCOME_ERROR_DANE] = "dane",
    [OUTCOME_ERROR_MTA_STS] = "mta-sts",
    [OUTCOME_ERROR_RATE] = "rate",
    [OUTCOME_ERROR_CONCURRENCY] = "concurrency",
    [OUTCOME_ERROR_IO] = "io",
};

const char *outcome_class_name(enum outcome_class class)
{
	return outcome_classes[class];
}

const char *
outcome_step_name(enum outcome_step step)
{
	return outcome_steps[step].word;
}

const char *
outcome_step_doing(enum outcome_step step)
{
	return outcome_steps[step].doing;
}

const char *
outcome_error_name(enum outcome_error error)
{
	return outcome_errors[error];
}

char *
outcome_enhanced_text(char text[OUTCOME_ENHANCED_TEXT], struct outcome_enhanced enhanced)
{
	text[0] = '\0';
	if (enhanced.class != 0)
		snprintf(text, OUTCOME_ENHANCED_TEXT, "%u.%u.%u", enhanced.class, enhanced.subject,
			 enhanced.detail);
	return text;
}

bool
outcome_enhanced_parse(struct slice text, struct outcome_enhanced *enhanced)
{
	uint16_t numbers[3];

	for (int i = 0; i < 3; i++) {
		const char *dot = text.len ? memchr(text.data, '.', text.len) : NULL;
		size_t len = dot ? (size_t)(dot - text.data) : text.len;
		unsigned long long number;

		if ((dot == NULL) != (i == 2) || len > 3 ||
		    !slice_number((struct slice){text.data, len}, &number))
			return false;
		numbers[i] = (uint16_t)number;
		text.data += len + (dot != NULL);
		text.len -= len + (dot != NULL);
	}
	if (numbers[0] != 2 && numbers[0] != 4 && numbers[0] != 5)
		return false;
	*enhanced = (struct outcome_enhanced){numbers[0], numbers[1], numbers[2]};
	return true;
}

bool
outcome_is_better(const struct outcome *a, const struct outcome *b)
{
	if (a->class != b->class)
		return a->class < b->class;
	if ((a->code != 0) != (b->code != 0))
		return a->code != 0;
	return !a->local && b->local;
}
