#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A DNS server for tests, UDP and TCP on one port of the loopback that the kernel chose, living in
 * the test's own event loop and answering what its script says.
 */
struct event_base;
struct packet;
struct server;

struct server_question {
	struct server *server;
	uint16_t id;
	uint16_t type;
	bool tcp;
	bool wants_dnssec; /* DO is set */
	char name[256];
	size_t count; /* how often this very question came before, by UDP and TCP together */
};

enum server_act {
	SERVER_REPLY,    /* send what the script wrote */
	SERVER_HOLD,     /* send it a little later, with all others that are held */
	SERVER_SILENCE,  /* send nothing */
	SERVER_CUT,      /* TCP: send half of it and close */
	SERVER_CLOSE,    /* TCP: send nothing and close */
	SERVER_AND_CLOSE /* TCP: send all of it and close */
};

typedef enum server_act (*server_fn)(const struct server_question *question, struct packet *reply,
				     void *arg);

struct server *server_new(struct event_base *base, server_fn fn, void *arg);
void server_free(struct server **server);
const struct sockaddr_storage *server_address(const struct server *server);

/* What came so far. */
size_t server_udp_count(const struct server *server);
size_t server_tcp_count(const struct server *server);
size_t server_connections(const struct server *server);
/* The largest number of datagrams ever held at once. */
size_t server_most_held(const struct server *server);
