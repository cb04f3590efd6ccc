#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/arena.h"
#include "worker/resolve/rr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned
fuzz_sum(const void *data, size_t len)
{
	const uint8_t *byte = data;
	unsigned sum = 0;

	while (len-- > 0)
		sum += *byte++;
	return sum;
}

/* Every byte that was promised is there. */
static unsigned
fuzz_touch(const struct resolve_answer *answer, enum resolve_type type)
{
	unsigned sum =
	    answer->canonical ? fuzz_sum(answer->canonical, strlen(answer->canonical)) : 0;

	for (size_t i = 0; i < answer->count; i++) {
		const struct resolve_record *record = &answer->records[i];

		if (type == RESOLVE_MX)
			sum += fuzz_sum(record->mx.host, strlen(record->mx.host) + 1);
		else if (type == RESOLVE_TXT)
			sum += fuzz_sum(record->txt.data, record->txt.len + 1);
		else if (type == RESOLVE_TLSA)
			sum += fuzz_sum(record->tlsa.data, record->tlsa.len);
	}
	return sum;
}

/* The first byte chooses the type asked, the rest is the reply; its own question is what is asked
 * where it has one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum resolve_type types[] = {RESOLVE_A, RESOLVE_MX, RESOLVE_TXT, RESOLVE_AAAA,
						  RESOLVE_TLSA};
	struct resolve_rr_reply reply;
	struct resolve_name name;
	struct arena *arena;
	enum resolve_type type;
	size_t at = RESOLVE_RR_HEADER;
	volatile unsigned sum;

	if (size < 1)
		return 0;
	type = types[data[0] % 5];
	data++;
	size--;
	if (!resolve_name_read(&name, data, size, &at))
		resolve_name_set(&name, "a.test");
	arena = arena_new();
	resolve_rr_parse(arena, data, size, &name, type, &reply);
	assert((reply.answer.status == RESOLVE_OK) == (reply.answer.count > 0));
	assert(reply.matches || reply.answer.status == RESOLVE_GARBAGE);
	sum = fuzz_touch(&reply.answer, type);
	(void)sum;
	assert(strlen(reply.words) > 0);
	arena_free(&arena);
	return 0;
}
