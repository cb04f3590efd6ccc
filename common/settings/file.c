#include "common/settings/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "common/why.h"

static bool
settings_file_take(int fd, const char *path, struct str *text, struct why *why)
{
	enum { STEP = 65536 };
	size_t before = text->len;
	ssize_t got;

	do {
		got = read(fd, str_reserve(text, STEP), STEP);
		if (got > 0)
			text->len += (size_t)got;
	} while (got > 0 && text->len - before <= SETTINGS_FILE_MAX);
	if (got < 0) {
		why_errno(why, "cannot read %s", path);
		return false;
	}
	if (got > 0) {
		why_set(why, "%s is larger than 16 MiB", path);
		return false;
	}
	*str_reserve(text, 1) = '\0';
	return true;
}

bool
settings_file_read(const char *path, struct str *text, struct why *why)
{
	struct stat facts;
	bool ok = false;
	/* A FIFO without a writer must not hold up the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &facts) != 0)
		why_errno(why, "cannot open %s", path);
	else if (S_ISDIR(facts.st_mode))
		why_set(why, "cannot read %s: it is a directory", path);
	else
		ok = settings_file_take(fd, path, text, why);
	if (fd >= 0)
		close(fd);
	return ok;
}
