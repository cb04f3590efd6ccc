#include "tests/unit/common/sandbox_libs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <udns.h>

#include "tests/unit/common/sandbox_acts.h"

static void
sandbox_libs_on_timer(evutil_socket_t fd, short what, void *arg)
{
	event_base_loopbreak(arg);
}

int
sandbox_libs_event_loop(void)
{
	struct event_base *base = event_base_new();
	struct event *timer = event_new(base, -1, 0, sandbox_libs_on_timer, base);
	struct timeval soon = {0, 1000};

	if (timer == NULL || event_add(timer, &soon) < 0)
		return SANDBOX_ACTS_FAILED;
	return event_base_dispatch(base) < 0 ? SANDBOX_ACTS_FAILED : 0;
}

struct test_dns {
	struct event_base *base;
	struct dns_ctx *ctx;
	int status;
};

static void
sandbox_libs_dns_serve(evutil_socket_t fd, short what, void *arg)
{
	unsigned char packet[512];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t got = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &len);

	if (got < 12)
		return;
	packet[2] |= 0x80;
	packet[3] = 0x83;
	sendto(fd, packet, (size_t)got, 0, (struct sockaddr *)&from, len);
}

static void
sandbox_libs_dns_read(evutil_socket_t fd, short what, void *arg)
{
	struct test_dns *dns = arg;

	dns_ioevent(dns->ctx, 1);
}

static void
sandbox_libs_dns_done(struct dns_ctx *ctx, void *result, void *data)
{
	struct test_dns *dns = data;

	dns->status = dns_status(ctx);
	free(result);
	event_base_loopbreak(dns->base);
}

int
sandbox_libs_dns(void)
{
	struct sockaddr_in server = {.sin_family = AF_INET,
				     .sin_port = htons(sandbox_acts_world.udp_port)};
	struct test_dns dns = {.base = event_base_new(), .ctx = &dns_defctx};
	struct timeval limit = {5, 0};
	int fd;

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	dns_reset(dns.ctx);
	dns_add_serv_s(dns.ctx, (struct sockaddr *)&server);
	fd = dns_open(dns.ctx);
	if (fd < 0)
		return errno;
	event_add(event_new(dns.base, fd, EV_READ | EV_PERSIST, sandbox_libs_dns_read, &dns), NULL);
	event_add(event_new(dns.base, sandbox_acts_world.udp, EV_READ | EV_PERSIST,
			    sandbox_libs_dns_serve, NULL),
		  NULL);
	if (!dns_submit_p(dns.ctx, "example.org", DNS_C_IN, DNS_T_MX, DNS_NOSRCH, NULL,
			  sandbox_libs_dns_done, &dns))
		return SANDBOX_ACTS_FAILED;
	dns_timeouts(dns.ctx, -1, 1);
	event_base_loopexit(dns.base, &limit);
	event_base_dispatch(dns.base);
	return dns.status == DNS_E_NXDOMAIN ? 0 : SANDBOX_ACTS_FAILED;
}

static SSL_CTX *
sandbox_libs_tls_server(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	if (ctx == NULL || key == NULL || cert == NULL)
		return NULL;
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	if (X509_sign(cert, key, EVP_sha256()) == 0 || SSL_CTX_use_certificate(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		return NULL;
	return ctx;
}

int
sandbox_libs_tls(void)
{
	unsigned char random[32];
	SSL_CTX *server_ctx;
	SSL_CTX *client_ctx;
	SSL *server;
	SSL *client;
	BIO *a;
	BIO *b;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return SANDBOX_ACTS_FAILED;
	server_ctx = sandbox_libs_tls_server();
	client_ctx = SSL_CTX_new(TLS_client_method());
	if (server_ctx == NULL || client_ctx == NULL || !BIO_new_bio_pair(&a, 0, &b, 0))
		return SANDBOX_ACTS_FAILED;
	server = SSL_new(server_ctx);
	client = SSL_new(client_ctx);
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	return SSL_is_init_finished(client) && SSL_is_init_finished(server) ? 0
									    : SANDBOX_ACTS_FAILED;
}
