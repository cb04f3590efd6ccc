#include "common/crc32c.h"

#include <stdbool.h>
#include <string.h>

static uint32_t
crc32c_bitwise_entry(uint32_t value)
{
	for (int bit = 0; bit < 8; bit++)
		value = value >> 1 ^ (value & 1 ? 0x82f63b78 : 0);
	return value;
}

static uint32_t
crc32c_table(uint32_t crc, const unsigned char *at, size_t len)
{
	static uint32_t table[256];
	static bool made;

	if (!made) {
		for (uint32_t i = 0; i < 256; i++)
			table[i] = crc32c_bitwise_entry(i);
		made = true;
	}
	for (; len > 0; len--, at++)
		crc = crc >> 8 ^ table[(crc ^ *at) & 0xff];
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_hardware(uint32_t crc, const unsigned char *at, size_t len)
{
	uint64_t wide = crc;

	for (; len >= 8; len -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; len > 0; len--, at++)
		crc = __builtin_ia32_crc32qi(crc, *at);
	return crc;
}
#endif

uint32_t
crc32c(uint32_t crc, const void *data, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc32c_hardware(~crc, data, len);
#endif
	return ~crc32c_table(~crc, data, len);
}
