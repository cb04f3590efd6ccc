#include "common/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/log.h"

/* One buffer per process: a fork would hand the same numbers to both sides, so it notes its pid. */
static struct {
	unsigned char data[256];
	size_t left;
	pid_t pid;
} random_pool;

static void
random_fill(void *data, size_t len)
{
	unsigned char *at = data;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno != EINTR)
			log_die("getrandom: %s", strerror(errno));
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

void
random_bytes(void *data, size_t len)
{
	if (len > sizeof(random_pool.data)) {
		random_fill(data, len);
		return;
	}
	if (random_pool.left < len || random_pool.pid != getpid()) {
		random_fill(random_pool.data, sizeof(random_pool.data));
		random_pool.left = sizeof(random_pool.data);
		random_pool.pid = getpid();
	}
	random_pool.left -= len;
	memcpy(data, random_pool.data + random_pool.left, len);
}

uint32_t
random_below(uint32_t limit)
{
	/* Numbers below this would make the first residues likelier than the others. */
	uint32_t skip = -limit % limit;
	uint32_t value;

	do
		random_bytes(&value, sizeof(value));
	while (value < skip);
	return value % limit;
}

uint32_t
random_default(uint32_t limit, void *arg)
{
	(void)arg;
	return random_below(limit);
}
