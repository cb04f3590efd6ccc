#include "master/store/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/why.h"
#include "master/store/store.h"

static const char reserve_name[] = "reserve";

static bool
reserve_is_there(const struct store *store)
{
	struct stat file;

	return fstatat(store->dir_fd, reserve_name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(file.st_mode) && (int64_t)file.st_blocks * 512 >= STORE_RESERVE_BYTES;
}

bool
store_reserve_make(struct store *store, struct why *why)
{
	struct statvfs disk;
	int fd;

	store->stats.reserve_held = reserve_is_there(store);
	if (store->stats.reserve_held)
		return true;
	if (fstatvfs(store->dir_fd, &disk) != 0) {
		why_errno(why, "%s", store->dir);
		return false;
	}
	if ((uint64_t)disk.f_bavail * disk.f_frsize < 2 * (uint64_t)STORE_RESERVE_BYTES) {
		why_set(why, "%s: less than %d MiB are free", store->dir,
			2 * STORE_RESERVE_BYTES / (1024 * 1024));
		return false;
	}
	fd = openat(store->dir_fd, reserve_name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		errno = posix_fallocate(fd, 0, STORE_RESERVE_BYTES);
		store->stats.reserve_held = errno == 0;
		if (errno != 0)
			why_errno(why, "%s/%s", store->dir, reserve_name);
		close(fd);
	} else {
		why_errno(why, "%s/%s", store->dir, reserve_name);
	}
	if (fd >= 0 && !store->stats.reserve_held)
		unlinkat(store->dir_fd, reserve_name, 0);
	return store->stats.reserve_held;
}

bool
store_reserve_release(struct store *store)
{
	store->stats.reserve_held = false;
	if (unlinkat(store->dir_fd, reserve_name, 0) != 0)
		return false;
	store->stats.reserve_uses++;
	return true;
}
