#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The daemon's side of the control socket, as a process of its own that follows a script: takes
 * one client, reads its command, says what it was told to say, and closes.
 */
enum fake_master_act {
	FAKE_MASTER_END,     /* nothing more; the connection is closed */
	FAKE_MASTER_ROW,     /* number times: a row of table "word" with the command's words */
	FAKE_MASTER_ANSWER,  /* an END of status number and this text */
	FAKE_MASTER_PACKET,  /* number bytes as they are */
	FAKE_MASTER_OVERLONG /* a packet longer than any frame */
};

struct fake_master_step {
	enum fake_master_act act;
	unsigned number;
	const char *text;
};

struct fake_master {
	pid_t pid;
	char dir[32];
	char path[64]; /* of the socket */
};

/* script ends with FAKE_MASTER_END; deaf: closes without reading the command. */
void fake_master_start(struct fake_master *master, const struct fake_master_step *script, int deaf);
/* Waits until it has ended; it must have ended well. Removes the socket. */
void fake_master_stop(struct fake_master *master);
