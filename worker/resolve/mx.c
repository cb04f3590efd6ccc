#include "worker/resolve/mx.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/arena.h"
#include "common/str.h"
#include "worker/resolve/name.h"
#include "worker/resolve/resolve.h"

struct resolve_mx {
	struct resolve_query *query;
	struct arena *arena; /* of the answer */
	const char *domain;
	resolve_mx_fn fn;
	void *arg;
};

/* A record that names a host, while duplicates are looked for. */
struct mx_candidate {
	struct resolve_mx_host host;
	size_t order; /* in the packet */
};

struct mx_lists {
	struct mx_candidate *candidates;
	size_t count;
	struct resolve_mx_dropped *dropped;
	size_t dropped_count;
};

static int
mx_compare_names(const void *a, const void *b)
{
	const struct mx_candidate *x = a, *y = b;
	int names = strcmp(x->host.name, y->host.name);

	if (names != 0)
		return names;
	if (x->host.preference != y->host.preference)
		return x->host.preference < y->host.preference ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int
mx_compare_preferences(const void *a, const void *b)
{
	const struct mx_candidate *x = a, *y = b;

	if (x->host.preference != y->host.preference)
		return x->host.preference < y->host.preference ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* No top-level domain is a number (RFC 3696 2): such a name is a mistyped address. */
static bool
mx_is_address(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot ? dot + 1 : name;

	return last[strspn(last, "0123456789")] == '\0';
}

/* Why the record names no host; NULL when it does. */
static const char *
mx_find_fault(const struct resolve_mx_record *record)
{
	if (strcmp(record->host, ".") == 0)
		return "says \"no mail\" beside other records";
	if (!record->is_host)
		return "is not a host name";
	if (mx_is_address(record->host))
		return "is an address, not a name";
	return NULL;
}

static void
mx_drop(struct mx_lists *lists, const struct resolve_mx_host *host, const char *reason)
{
	lists->dropped[lists->dropped_count++] = (struct resolve_mx_dropped){
	    .preference = host->preference,
	    .name = host->name,
	    .reason = reason,
	};
}

static void
mx_sort_out(struct resolve_mx *mx, const struct resolve_answer *answer, struct mx_lists *lists)
{
	lists->candidates = arena_array(mx->arena, answer->count, sizeof(*lists->candidates));
	lists->dropped = arena_array(mx->arena, answer->count, sizeof(*lists->dropped));
	for (size_t i = 0; i < answer->count; i++) {
		const struct resolve_mx_record *record = &answer->records[i].mx;
		struct resolve_mx_host host = {
		    .preference = record->preference,
		    .name = arena_str(mx->arena, record->host),
		};
		const char *fault = mx_find_fault(record);

		if (fault)
			mx_drop(lists, &host, fault);
		else
			lists->candidates[lists->count++] = (struct mx_candidate){host, i};
	}
}

static void
mx_drop_duplicates(struct mx_lists *lists)
{
	struct mx_candidate *all = lists->candidates;
	size_t kept = 0;

	qsort(all, lists->count, sizeof(*all), mx_compare_names);
	for (size_t i = 0; i < lists->count; i++) {
		if (kept > 0 && strcmp(all[kept - 1].host.name, all[i].host.name) == 0)
			mx_drop(lists, &all[i].host, "is a duplicate");
		else
			all[kept++] = all[i];
	}
	lists->count = kept;
}

static void
mx_judge_records(struct resolve_mx *mx, const struct resolve_answer *answer,
		 struct resolve_mx_answer *out)
{
	struct mx_lists lists = {0};
	struct resolve_mx_host *hosts;

	/* RFC 7505 3: it says so only when it is alone. */
	if (answer->count == 1 && answer->dropped == 0 &&
	    strcmp(answer->records[0].mx.host, ".") == 0) {
		out->kind = RESOLVE_MX_NULL;
		out->detail = "the domain does not accept mail (null MX)";
		return;
	}
	mx_sort_out(mx, answer, &lists);
	mx_drop_duplicates(&lists);
	out->dropped = lists.dropped;
	out->dropped_count = lists.dropped_count;
	if (lists.count == 0) {
		out->kind = RESOLVE_MX_UNUSABLE;
		out->detail = arena_printf(mx->arena, "none of the MX records is usable: %s %s",
					   lists.dropped[0].name, lists.dropped[0].reason);
		return;
	}
	qsort(lists.candidates, lists.count, sizeof(*lists.candidates), mx_compare_preferences);
	hosts = arena_array(mx->arena, lists.count, sizeof(*hosts));
	for (size_t i = 0; i < lists.count; i++)
		hosts[i] = lists.candidates[i].host;
	out->kind = RESOLVE_MX_FOUND;
	out->hosts = hosts;
	out->count = lists.count;
}

static void
mx_be_implicit(struct resolve_mx *mx, struct resolve_mx_answer *out)
{
	struct resolve_mx_host *host = arena_zero(mx->arena, struct resolve_mx_host);

	host->name = mx->domain;
	out->kind = RESOLVE_MX_IMPLICIT;
	out->hosts = host;
	out->count = 1;
}

static void
mx_on_answer(const struct resolve_answer *answer, void *arg)
{
	struct resolve_mx *mx = arg;
	struct resolve_mx_answer out = {
	    .kind = RESOLVE_MX_TEMPORARY,
	    .secure = answer->secure,
	    .silent = answer->status == RESOLVE_SILENT,
	    .ttl = answer->ttl,
	    .domain = mx->domain,
	    .detail = answer->detail,
	};

	switch (answer->status) {
	case RESOLVE_OK:
		mx_judge_records(mx, answer, &out);
		break;
	case RESOLVE_NODATA:
		mx_be_implicit(mx, &out);
		break;
	case RESOLVE_NXDOMAIN:
		out.kind = RESOLVE_MX_NXDOMAIN;
		break;
	case RESOLVE_BAD_NAME:
		out.kind = RESOLVE_MX_BAD_NAME;
		break;
	default:
		break;
	}
	mx->query = NULL;
	mx->fn(&out, mx->arg);
	arena_free(&mx->arena);
	free(mx);
}

static const char *
mx_write_domain(struct arena *arena, const char *domain)
{
	struct resolve_name name;
	struct str text = {0};
	const char *copy;

	if (resolve_name_set(&name, domain))
		return resolve_name_text(arena, &name);
	str_printable(&text, domain, strlen(domain));
	copy = arena_copy(arena, str_c(&text), text.len);
	str_free(&text);
	return copy;
}

struct resolve_mx *
resolve_mx_start(struct resolve *resolve, const char *domain, resolve_mx_fn fn, void *arg)
{
	struct resolve_mx *mx = alloc_new(struct resolve_mx);

	mx->arena = arena_new();
	mx->domain = mx_write_domain(mx->arena, domain);
	mx->fn = fn;
	mx->arg = arg;
	mx->query = resolve_start(resolve, domain, RESOLVE_MX, mx_on_answer, mx);
	return mx;
}

void
resolve_mx_cancel(struct resolve_mx **mx)
{
	if (!*mx)
		return;
	resolve_cancel(&(*mx)->query);
	arena_free(&(*mx)->arena);
	free(*mx);
	*mx = NULL;
}

const char *
resolve_mx_kind_text(enum resolve_mx_kind kind)
{
	static const char *const texts[] = {
	    [RESOLVE_MX_FOUND] = "found",
	    [RESOLVE_MX_IMPLICIT] = "implicit MX",
	    [RESOLVE_MX_NULL] = "null MX",
	    [RESOLVE_MX_NXDOMAIN] = "no such domain",
	    [RESOLVE_MX_UNUSABLE] = "unusable MX",
	    [RESOLVE_MX_BAD_NAME] = "not a domain name",
	    [RESOLVE_MX_TEMPORARY] = "not known now",
	};

	return texts[kind];
}
