#include "tests/unit/worker/resolve/packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

void
packet_bytes(struct packet *packet, const void *data, size_t len)
{
	assert(len <= sizeof(packet->data) - packet->len);
	memcpy(packet->data + packet->len, data, len);
	packet->len += len;
}

void
packet_put16(struct packet *packet, unsigned number)
{
	uint16_t wire = htons((uint16_t)number);

	packet_bytes(packet, &wire, sizeof(wire));
}

void
packet_put32(struct packet *packet, uint32_t number)
{
	uint32_t wire = htonl(number);

	packet_bytes(packet, &wire, sizeof(wire));
}

void
packet_name(struct packet *packet, const char *name)
{
	while (*name && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");
		uint8_t size = (uint8_t)label;

		packet_bytes(packet, &size, 1);
		packet_bytes(packet, name, label);
		name += label;
		if (*name == '.')
			name++;
	}
	packet_bytes(packet, "", 1);
}

void
packet_begin(struct packet *packet, uint16_t id, unsigned flags, const char *name, unsigned type)
{
	packet->len = 0;
	packet_put16(packet, id);
	packet_put16(packet, PACKET_QR | flags);
	packet_put16(packet, 1);
	for (int i = 0; i < 3; i++)
		packet_put16(packet, 0);
	packet_name(packet, name);
	packet_put16(packet, type);
	packet_put16(packet, 1);
}

size_t
packet_record(struct packet *packet, enum packet_section section, const char *owner, unsigned type,
	      uint32_t ttl)
{
	unsigned count = (unsigned)(packet->data[section] << 8 | packet->data[section + 1]) + 1;

	packet->data[section] = (uint8_t)(count >> 8);
	packet->data[section + 1] = (uint8_t)count;
	packet_name(packet, owner);
	packet_put16(packet, type);
	packet_put16(packet, 1);
	packet_put32(packet, ttl);
	packet_put16(packet, 0);
	return packet->len - 2;
}

void
packet_end(struct packet *packet, size_t place)
{
	size_t size = packet->len - place - 2;

	packet->data[place] = (uint8_t)(size >> 8);
	packet->data[place + 1] = (uint8_t)size;
}

void
packet_a(struct packet *packet, const char *owner, uint32_t ttl, const char *address)
{
	size_t place = packet_record(packet, PACKET_ANSWER, owner, 1, ttl);
	struct in_addr wire;

	inet_pton(AF_INET, address, &wire);
	packet_bytes(packet, &wire, sizeof(wire));
	packet_end(packet, place);
}

void
packet_mx(struct packet *packet, const char *owner, uint32_t ttl, unsigned preference,
	  const char *host)
{
	size_t place = packet_record(packet, PACKET_ANSWER, owner, 15, ttl);

	packet_put16(packet, preference);
	packet_name(packet, host);
	packet_end(packet, place);
}

void
packet_cname(struct packet *packet, const char *owner, uint32_t ttl, const char *target)
{
	size_t place = packet_record(packet, PACKET_ANSWER, owner, 5, ttl);

	packet_name(packet, target);
	packet_end(packet, place);
}

void
packet_soa(struct packet *packet, uint32_t ttl, uint32_t minimum)
{
	size_t place = packet_record(packet, PACKET_AUTHORITY, "test", 6, ttl);

	packet_name(packet, "ns.test");
	packet_name(packet, "hostmaster.test");
	for (uint32_t i = 1; i <= 4; i++)
		packet_put32(packet, i);
	packet_put32(packet, minimum);
	packet_end(packet, place);
}
