#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Packets of DNS built piece by piece, right or wrong, for the tests. Texts are names of plain
 * labels, "." being the root; everything is written where packet->len says.
 */
enum packet_section { PACKET_ANSWER = 6, PACKET_AUTHORITY = 8, PACKET_ADDITIONAL = 10 };

enum { PACKET_QR = 0x8180, PACKET_AD = 0x0020, PACKET_TC = 0x0200 };

struct packet {
	uint8_t data[65535];
	size_t len;
};

/* Header with QR, RD, RA and these flags (rcode, PACKET_AD, PACKET_TC), and the question. */
void packet_begin(struct packet *packet, uint16_t id, unsigned flags, const char *name,
		  unsigned type);
void packet_put16(struct packet *packet, unsigned number);
void packet_put32(struct packet *packet, uint32_t number);
void packet_bytes(struct packet *packet, const void *data, size_t len);
void packet_name(struct packet *packet, const char *name);

/* Counts a record and writes all but its data; returns where its length goes. */
size_t packet_record(struct packet *packet, enum packet_section section, const char *owner,
		     unsigned type, uint32_t ttl);
/* Writes the length of the data that began behind it. */
void packet_end(struct packet *packet, size_t place);

void packet_a(struct packet *packet, const char *owner, uint32_t ttl, const char *address);
void packet_mx(struct packet *packet, const char *owner, uint32_t ttl, unsigned preference,
	       const char *host);
void packet_cname(struct packet *packet, const char *owner, uint32_t ttl, const char *target);
void packet_soa(struct packet *packet, uint32_t ttl, uint32_t minimum);
