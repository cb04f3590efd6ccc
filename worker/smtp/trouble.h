#pragma once

/*
 * What can end a session besides a reply. Found by io.c, reply.c and session.c; what it means for
 * the recipients is decided by verdict.c alone.
 */
enum smtp_trouble {
	SMTP_TROUBLE_TIMEOUT,  /* the deadline of the phase passed */
	SMTP_TROUBLE_CLOSED,   /* the peer closed the connection */
	SMTP_TROUBLE_LOST,     /* reset, or another error of the socket */
	SMTP_TROUBLE_GARBAGE,  /* not a reply, or a reply to nothing */
	SMTP_TROUBLE_TOO_LONG, /* a reply beyond the limits of reply.h */
	SMTP_TROUBLE_BODY,     /* our copy of the message could not be read: not the peer's fault */
	SMTP_TROUBLES
};
