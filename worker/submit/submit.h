#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The submission server of a submit worker: SMTP clients in, messages for the queue out. Bodies go
 * into the segments the master lends, envelopes to the master by SUBMIT; 250 is said after ACCEPT.
 *
 * submit_new() copies the configuration and takes over the listening descriptors; the channel and
 * the event base stay the caller's and must outlive the server. Callbacks come from the event loop
 * only. System calls beyond libevent's and the channel's: accept4, getsockopt (SO_PEERCRED,
 * SO_DOMAIN), setsockopt (TCP_NODELAY, in submit_new() only), recvfrom, sendto, writev, fdatasync,
 * close, and getrandom once.
 */
struct channel;
struct event_base;
struct frame;
struct netaddr_prefix;
struct proto_stat;
struct submit;

struct submit_config {
	const char *hostname;     /* in the greeting, the EHLO reply and the trace header */
	uint64_t max_size;        /* bytes of one message */
	uint32_t max_recipients;  /* of one message */
	uint32_t max_connections; /* more clients get 421 */
	int64_t timeout_ms;       /* a client that says nothing for so long gets 421 */
	uint64_t memory;          /* bytes of bodies and envelopes held for all clients together */
	bool refuse_bare_newline; /* a CR or LF by itself refuses the message; else it is a CRLF */
	bool offer_dsn;           /* extensions that are in EHLO, and taken, only when set */
	bool offer_requiretls;
	bool offer_mt_priority;
	const struct netaddr_prefix *networks; /* who may come by TCP; nobody else gets past 554 */
	size_t network_count;
};

struct submit *submit_new(struct event_base *base, const struct submit_config *config,
			  struct channel *to_master, const int *listen_fds, size_t listen_count);
/*
 * A SEGMENT, ACCEPT or REFUSE from the master. False: the frame is malformed, or answers what was
 * never asked; the caller closes the channel.
 */
bool submit_frame(struct submit *submit, struct frame *frame);
/*
 * Accepts no more clients, gives those it has 421 at their next MAIL or after ten idle seconds, and
 * when the last is gone and every SUBMIT is answered sends SEALED; then drained is called, once,
 * never from inside this call.
 */
void submit_retire(struct submit *submit, void (*drained)(void *arg), void *arg);
/* Fills sessions, idle, messages and connections; memory and cpu_us are left alone. */
void submit_stat(const struct submit *submit, struct proto_stat *stat);
/* Closes everything without a word to anybody. NULL is fine. */
void submit_free(struct submit **submit);
