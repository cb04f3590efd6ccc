#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Random numbers from the kernel, buffered. Pure code takes a random_fn instead of calling these,
 * so that a test can choose the numbers.
 */

/* A uniformly distributed number below limit (limit > 0). */
typedef uint32_t (*random_fn)(uint32_t limit, void *arg);

void random_bytes(void *data, size_t len);
uint32_t random_below(uint32_t limit);
/* A random_fn over random_below(); arg is not used. */
uint32_t random_default(uint32_t limit, void *arg);
