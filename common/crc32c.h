#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32C (Castagnoli; RFC 3720 appendix B.4), with the processor's instruction where there is
 * one. Start with 0; the result of one piece starts the next.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
