#include "master/ctl/selector.h"

#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/quantity.h"
#include "common/why.h"
#include "master/ctl/request.h"

struct ctl_selector_parser {
	struct ctl_request *request;
	struct ctl_selector *out;
	size_t next;
	struct why *why;
};

static const struct {
	const char *name;
	enum store_selector_state state;
} ctl_selector_states[] = {
    {"queued", STORE_SELECTOR_QUEUED},
    {"deferred", STORE_SELECTOR_DEFERRED},
    {"held", STORE_SELECTOR_HELD},
};

/* The word behind an option, NUL-terminated; NULL when there is none. */
static const char *
ctl_selector_value(struct ctl_selector_parser *parser, const char *option)
{
	const struct proto_command *command = &parser->request->command;
	struct slice word;

	if (parser->next >= command->count) {
		why_set(parser->why, "%s needs a value", option);
		return NULL;
	}
	word = command->words[parser->next++];
	return arena_copy(parser->request->arena, word.data, word.len);
}

static bool
ctl_selector_state(struct ctl_selector_parser *parser, const char *word)
{
	for (size_t i = 0; i < sizeof(ctl_selector_states) / sizeof(ctl_selector_states[0]); i++)
		if (strcmp(word, ctl_selector_states[i].name) == 0) {
			parser->out->selector.state = ctl_selector_states[i].state;
			return true;
		}
	why_set(parser->why, "--state is queued, deferred or held, not %s", word);
	return false;
}

static bool
ctl_selector_older(struct ctl_selector_parser *parser, const char *word)
{
	bool bare;
	int64_t ms;

	if (!quantity_duration(slice_of(word), &ms, &bare, parser->why))
		return false;
	if (bare) {
		why_set(parser->why, "--older-than needs a unit: write 2h, not %s", word);
		return false;
	}
	parser->out->selector.older_than = (clock_wall_ms() - ms) / 1000;
	return true;
}

static bool
ctl_selector_limit(struct ctl_selector_parser *parser, const char *word)
{
	unsigned long long number;

	if (!slice_number(slice_of(word), &number) || number < 1 || number > INT32_MAX) {
		why_set(parser->why, "--limit is a number from 1, not %s", word);
		return false;
	}
	parser->out->limit = (long)number;
	return true;
}

static bool
ctl_selector_domain(struct ctl_selector_parser *parser, const char *word)
{
	parser->out->selector.domain = word;
	return true;
}

static bool
ctl_selector_sender(struct ctl_selector_parser *parser, const char *word)
{
	parser->out->selector.sender = strcmp(word, "<>") == 0 ? "" : word;
	return true;
}

static bool
ctl_selector_rcpt(struct ctl_selector_parser *parser, const char *word)
{
	parser->out->selector.rcpt = word;
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct ctl_selector_parser *parser, const char *word);
} ctl_selector_options[] = {
    {"--domain", ctl_selector_domain}, {"--sender", ctl_selector_sender},
    {"--rcpt", ctl_selector_rcpt},     {"--state", ctl_selector_state},
    {"--limit", ctl_selector_limit},   {"--older-than", ctl_selector_older},
};

static bool
ctl_selector_option(struct ctl_selector_parser *parser, const char *option)
{
	if (strcmp(option, "--all") == 0) {
		parser->out->selector.all = true;
		return true;
	}
	if (strcmp(option, "--dry-run") == 0) {
		parser->out->dry_run = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(ctl_selector_options) / sizeof(ctl_selector_options[0]); i++)
		if (strcmp(option, ctl_selector_options[i].name) == 0) {
			const char *word = ctl_selector_value(parser, option);

			return word != NULL && ctl_selector_options[i].take(parser, word);
		}
	why_set(parser->why, "unknown option %s", option);
	return false;
}

static bool
ctl_selector_word(struct ctl_selector_parser *parser, struct slice word)
{
	unsigned long long id;

	if (word.len > 2 && word.data[0] == '-' && word.data[1] == '-')
		return ctl_selector_option(parser,
					   arena_copy(parser->request->arena, word.data, word.len));
	if (!slice_number(word, &id) || id == 0 || id > INT64_MAX) {
		why_set(parser->why,
			"\"%.*s\" is not a message id; selectors are --domain, "
			"--sender, --rcpt, --state, --older-than, --all",
			SLICE_ARG(word));
		return false;
	}
	parser->out->selector.message_id = (int64_t)id;
	return true;
}

bool
ctl_selector_parse(struct ctl_request *request, struct ctl_selector *selector, struct why *why)
{
	struct ctl_selector_parser parser = {
	    .request = request, .out = selector, .next = 1, .why = why};
	const struct store_selector *s = &selector->selector;

	*selector = (struct ctl_selector){0};
	while (parser.next < request->command.count)
		if (!ctl_selector_word(&parser, request->command.words[parser.next++]))
			return false;
	selector->given = s->message_id != 0 || s->domain != NULL || s->sender != NULL ||
			  s->rcpt != NULL || s->state != STORE_SELECTOR_ANY || s->older_than != 0 ||
			  s->all;
	return true;
}
