#include "worker/resolve/rr.h"

#include <string.h>

#include "common/arena.h"
#include "common/str.h"

enum {
	RR_CNAME = 5,
	RR_SOA = 6,
	RR_OPT = 41,
	RR_CLASS_IN = 1,
	RR_OPTION_EDE = 15,
	RR_UDP_SIZE = 1232,
	/* Owner (one byte at least), type, class, TTL, length. */
	RR_LEAST = 11,
};

/* The fixed part of a record, and where the rest is. */
struct rr_record {
	size_t owner; /* offset of its name */
	uint16_t type;
	uint16_t class;
	uint32_t ttl;
	size_t data; /* offset */
	size_t size;
};

struct rr_packet {
	struct arena *arena;
	const uint8_t *data;
	size_t len;
	size_t at; /* where the next record begins */
	enum resolve_type type;
	struct rr_record *records; /* of the answer section: aliases and the type asked */
	size_t count;
	struct resolve_name end; /* where the alias chain has led so far */
	uint32_t ttl;
};

static uint16_t
rr_get16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t
rr_get32(const uint8_t *data)
{
	return (uint32_t)rr_get16(data) << 16 | rr_get16(data + 2);
}

static uint8_t *
rr_put16(uint8_t *data, unsigned number)
{
	data[0] = (uint8_t)(number >> 8);
	data[1] = (uint8_t)number;
	return data + 2;
}

size_t
resolve_rr_question(uint8_t packet[RESOLVE_RR_QUESTION_MAX], uint16_t id,
		    const struct resolve_name *name, enum resolve_type type)
{
	uint8_t *at = packet;

	at = rr_put16(at, id);
	at = rr_put16(at, 0x0100); /* RD */
	at = rr_put16(at, 1);
	at = rr_put16(at, 0);
	at = rr_put16(at, 0);
	at = rr_put16(at, 1);
	memcpy(at, name->wire, name->len);
	at += name->len;
	at = rr_put16(at, type);
	at = rr_put16(at, RR_CLASS_IN);
	*at++ = 0;
	at = rr_put16(at, RR_OPT);
	at = rr_put16(at, RR_UDP_SIZE);
	at = rr_put16(at, 0);
	at = rr_put16(at, 0x8000); /* DO */
	at = rr_put16(at, 0);
	return (size_t)(at - packet);
}

/* Reads the record at packet->at and moves behind it; false when it is cut or damaged. */
static bool
rr_next(struct rr_packet *packet, struct rr_record *record)
{
	struct resolve_name owner;
	const uint8_t *fixed;

	record->owner = packet->at;
	if (!resolve_name_read(&owner, packet->data, packet->len, &packet->at) ||
	    packet->len - packet->at < RR_LEAST - 1)
		return false;
	fixed = packet->data + packet->at;
	record->type = rr_get16(fixed);
	record->class = rr_get16(fixed + 2);
	record->ttl = rr_get32(fixed + 4);
	/* RFC 2181 8: a TTL with the highest bit set is zero. */
	if (record->ttl > INT32_MAX && record->type != RR_OPT)
		record->ttl = 0;
	record->size = rr_get16(fixed + 8);
	record->data = packet->at + RR_LEAST - 1;
	if (packet->len - record->data < record->size)
		return false;
	packet->at = record->data + record->size;
	return true;
}

static bool
rr_read_answers(struct rr_packet *packet, size_t announced)
{
	size_t room = (packet->len - packet->at) / RR_LEAST;

	if (announced > room)
		return false;
	packet->records = arena_array(packet->arena, announced, sizeof(*packet->records));
	for (size_t i = 0; i < announced; i++) {
		struct rr_record *record = &packet->records[packet->count];

		if (!rr_next(packet, record))
			return false;
		if (record->class == RR_CLASS_IN &&
		    (record->type == RR_CNAME || record->type == packet->type))
			packet->count++;
	}
	return true;
}

static bool
rr_is_at_end(const struct rr_packet *packet, const struct rr_record *record)
{
	struct resolve_name owner;
	size_t at = record->owner;

	return resolve_name_read(&owner, packet->data, packet->len, &at) &&
	       resolve_name_equal(&owner, &packet->end);
}

static void
rr_lower_ttl(struct rr_packet *packet, uint32_t ttl)
{
	if (ttl < packet->ttl)
		packet->ttl = ttl;
}

/* One step along the aliases: 1 when there was one, 0 at the end, -1 when it is damaged. */
static int
rr_follow(struct rr_packet *packet)
{
	const struct rr_record *alias = NULL;

	for (size_t i = 0; i < packet->count; i++) {
		if (!rr_is_at_end(packet, &packet->records[i]))
			continue;
		if (packet->records[i].type == packet->type)
			return 0;
		if (!alias)
			alias = &packet->records[i];
	}
	if (!alias)
		return 0;

	size_t at = alias->data;

	rr_lower_ttl(packet, alias->ttl);
	if (!resolve_name_read(&packet->end, packet->data, packet->len, &at) ||
	    at != alias->data + alias->size)
		return -1;
	return 1;
}

static bool
rr_read_mx(const struct rr_packet *packet, const struct rr_record *record,
	   struct resolve_mx_record *mx)
{
	struct resolve_name host;
	size_t at = record->data + 2;

	if (record->size < 3 || !resolve_name_read(&host, packet->data, packet->len, &at) ||
	    at != record->data + record->size)
		return false;
	mx->preference = rr_get16(packet->data + record->data);
	mx->is_host = resolve_name_is_host(&host);
	mx->host = resolve_name_text(packet->arena, &host);
	return true;
}

/* A name that is no host's is of no use to anybody who asks for one. */
static bool
rr_read_ptr(const struct rr_packet *packet, const struct rr_record *record, const char **ptr)
{
	struct resolve_name host;
	size_t at = record->data;

	if (!resolve_name_read(&host, packet->data, packet->len, &at) ||
	    at != record->data + record->size || !resolve_name_is_host(&host))
		return false;
	*ptr = resolve_name_text(packet->arena, &host);
	return true;
}

static bool
rr_read_txt(const struct rr_packet *packet, const struct rr_record *record,
	    struct resolve_txt_record *txt)
{
	const uint8_t *from = packet->data + record->data;
	size_t left = record->size;
	char *text = arena_alloc(packet->arena, left + 1);
	size_t len = 0;

	if (left == 0)
		return false;
	while (left > 0) {
		size_t size = *from++;

		left--;
		if (size > left)
			return false;
		memcpy(text + len, from, size);
		len += size;
		from += size;
		left -= size;
	}
	text[len] = '\0';
	txt->data = text;
	txt->len = len;
	return true;
}

static bool
rr_read_tlsa(const struct rr_packet *packet, const struct rr_record *record,
	     struct resolve_tlsa_record *tlsa)
{
	const uint8_t *from = packet->data + record->data;

	if (record->size < 4)
		return false;
	tlsa->usage = from[0];
	tlsa->selector = from[1];
	tlsa->matching = from[2];
	tlsa->len = record->size - 3;
	tlsa->data = (const uint8_t *)arena_copy(packet->arena, from + 3, tlsa->len);
	return true;
}

static bool
rr_read_data(const struct rr_packet *packet, const struct rr_record *record,
	     struct resolve_record *out)
{
	const uint8_t *from = packet->data + record->data;

	switch (packet->type) {
	case RESOLVE_A:
		if (record->size != sizeof(out->a))
			return false;
		memcpy(&out->a, from, sizeof(out->a));
		return true;
	case RESOLVE_AAAA:
		if (record->size != sizeof(out->aaaa))
			return false;
		memcpy(&out->aaaa, from, sizeof(out->aaaa));
		return true;
	case RESOLVE_MX:
		return rr_read_mx(packet, record, &out->mx);
	case RESOLVE_TXT:
		return rr_read_txt(packet, record, &out->txt);
	case RESOLVE_TLSA:
		return rr_read_tlsa(packet, record, &out->tlsa);
	case RESOLVE_PTR:
		return rr_read_ptr(packet, record, &out->ptr);
	}
	return false;
}

static void
rr_collect(struct rr_packet *packet, struct resolve_answer *answer)
{
	struct resolve_record *records =
	    arena_array(packet->arena, packet->count, sizeof(*records));

	answer->records = records;
	for (size_t i = 0; i < packet->count; i++) {
		const struct rr_record *record = &packet->records[i];

		if (record->type != packet->type || !rr_is_at_end(packet, record))
			continue;
		rr_lower_ttl(packet, record->ttl);
		if (rr_read_data(packet, record, &records[answer->count]))
			answer->count++;
		else
			answer->dropped++;
	}
}

/* RFC 2308 5: the SOA's own TTL or its minimum field, whichever is less. */
static bool
rr_read_soa(const struct rr_packet *packet, const struct rr_record *record, uint32_t *ttl)
{
	struct resolve_name name;
	size_t at = record->data;
	uint32_t minimum;

	if (!resolve_name_read(&name, packet->data, packet->len, &at) ||
	    !resolve_name_read(&name, packet->data, packet->len, &at) ||
	    at + 20 != record->data + record->size)
		return false;
	minimum = rr_get32(packet->data + at + 16);
	*ttl = record->ttl < minimum ? record->ttl : minimum;
	return true;
}

static void
rr_read_error(const struct rr_packet *packet, const struct rr_record *record,
	      struct resolve_rr_reply *reply)
{
	const uint8_t *from = packet->data + record->data;
	size_t left = record->size;

	while (left >= 4) {
		unsigned code = rr_get16(from);
		size_t size = rr_get16(from + 2);

		if (size > left - 4)
			return;
		if (code == RR_OPTION_EDE && size >= 2) {
			struct str text = {0};

			str_printable(&text, (const char *)from + 6, size - 2);
			reply->words =
			    arena_printf(packet->arena, "%s (extended error %u%s%s)", reply->words,
					 rr_get16(from + 4), text.len ? ": " : "", str_c(&text));
			str_free(&text);
			return;
		}
		from += 4 + size;
		left -= 4 + size;
	}
}

/*
 * What lies behind the answers: the SOA of a negative answer, and EDNS. Damage here ends the
 * reading and spoils nothing that was read before it.
 */
static void
rr_read_rest(struct rr_packet *packet, struct resolve_rr_reply *reply, unsigned *rcode)
{
	size_t authority = rr_get16(packet->data + 8);
	size_t all = authority + rr_get16(packet->data + 10);
	bool have_soa = false;
	uint32_t ttl = 0;
	struct rr_record record;

	for (size_t i = 0; i < all && rr_next(packet, &record); i++) {
		if (i < authority && record.type == RR_SOA && !have_soa)
			have_soa = rr_read_soa(packet, &record, &ttl);
		if (i >= authority && record.type == RR_OPT) {
			*rcode |= record.ttl >> 24 << 4;
			rr_read_error(packet, &record, reply);
		}
	}
	if (reply->answer.count > 0)
		return;
	if (have_soa)
		rr_lower_ttl(packet, ttl);
	else
		packet->ttl = 0;
}

static bool
rr_check_question(struct rr_packet *packet, const struct resolve_name *name)
{
	const uint8_t *data = packet->data;
	struct resolve_name asked;

	/* A reply (QR) to a standard question, with one question inside. */
	if (packet->len < RESOLVE_RR_HEADER || (data[2] & 0xf8) != 0x80 || rr_get16(data + 4) != 1)
		return false;
	packet->at = RESOLVE_RR_HEADER;
	if (!resolve_name_read(&asked, data, packet->len, &packet->at) ||
	    packet->len - packet->at < 4 || !resolve_name_equal(&asked, name) ||
	    rr_get16(data + packet->at) != packet->type ||
	    rr_get16(data + packet->at + 2) != RR_CLASS_IN)
		return false;
	packet->at += 4;
	return true;
}

static enum resolve_status
rr_read_chain(struct rr_packet *packet, unsigned rcode, struct resolve_rr_reply *reply)
{
	struct resolve_answer *answer = &reply->answer;
	int step = 1;

	reply->words = "damaged answer";
	if (!rr_read_answers(packet, rr_get16(packet->data + 6)))
		return RESOLVE_GARBAGE;
	for (int i = 0; step > 0; i++) {
		if (i > RESOLVE_RR_CHAIN_MAX) {
			reply->words = "alias loop";
			return RESOLVE_GARBAGE;
		}
		step = rr_follow(packet);
	}
	if (step < 0)
		return RESOLVE_GARBAGE;
	rr_collect(packet, answer);
	answer->canonical = resolve_name_text(packet->arena, &packet->end);
	reply->words = rcode == 3 ? "no such name" : "no record of this type";
	if (rcode == 3) {
		answer->count = 0;
		return RESOLVE_NXDOMAIN;
	}
	if (answer->count == 0 && answer->dropped > 0) {
		reply->words = "malformed records";
		return RESOLVE_GARBAGE;
	}
	if (answer->count > 0)
		reply->words = "answer";
	return answer->count > 0 ? RESOLVE_OK : RESOLVE_NODATA;
}

static enum resolve_status
rr_refuse(struct arena *arena, unsigned rcode, struct resolve_rr_reply *reply)
{
	static const char *const words[] = {
	    [1] = "FORMERR", [2] = "SERVFAIL", [4] = "NOTIMP",
	    [5] = "REFUSED", [9] = "NOTAUTH",  [16] = "BADVERS",
	};
	const char *found = rcode < sizeof(words) / sizeof(words[0]) ? words[rcode] : NULL;

	reply->words = found ? found : arena_printf(arena, "RCODE %u", rcode);
	return rcode == 4 || rcode == 5 || rcode == 9 ? RESOLVE_REFUSED : RESOLVE_SERVFAIL;
}

void
resolve_rr_parse(struct arena *arena, const uint8_t *data, size_t len,
		 const struct resolve_name *name, enum resolve_type type,
		 struct resolve_rr_reply *reply)
{
	struct rr_packet packet = {
	    .arena = arena,
	    .data = data,
	    .len = len,
	    .type = type,
	    .end = *name,
	    .ttl = INT32_MAX,
	};
	unsigned rcode, extended;

	*reply = (struct resolve_rr_reply){.words = "not a reply to the question"};
	reply->answer.status = RESOLVE_GARBAGE;
	if (!rr_check_question(&packet, name)) {
		/* Servers that do not know EDNS may refuse with the bare header. */
		if (len >= RESOLVE_RR_HEADER && (data[3] & 0x0f) == 1 && rr_get16(data + 4) == 0)
			reply->words = "FORMERR";
		return;
	}
	reply->matches = true;
	extended = rcode = data[3] & 0x0f;
	reply->truncated = (data[2] & 0x02) && (rcode == 0 || rcode == 3);
	reply->authentic = data[3] & 0x20;
	if (reply->truncated) {
		reply->words = "truncated answer";
		return;
	}
	if (rcode == 0 || rcode == 3) {
		reply->answer.status = rr_read_chain(&packet, rcode, reply);
	} else {
		reply->answer.status = rr_refuse(arena, rcode, reply);
		/* Servers have no reason to put answers into a refusal: none are looked at. */
		if (rr_get16(data + 6) > 0)
			return;
	}
	if (reply->answer.status == RESOLVE_GARBAGE)
		return;
	rr_read_rest(&packet, reply, &extended);
	if (extended != rcode) {
		reply->answer = (struct resolve_answer){
		    .status = rr_refuse(arena, extended, reply),
		};
		return;
	}
	reply->answer.ttl = rcode == 0 || rcode == 3 ? packet.ttl : 0;
}
