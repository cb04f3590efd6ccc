#include "worker/deliver/order.h"

#include <string.h>

bool
deliver_order_wants_v4(enum settings_strategy strategy)
{
	return strategy != SETTINGS_IPV6_ONLY;
}

bool
deliver_order_wants_v6(enum settings_strategy strategy)
{
	return strategy != SETTINGS_IPV4_ONLY;
}

const char *
deliver_order_fate_text(enum deliver_order_fate fate)
{
	static const char *const texts[] = {
	    [DELIVER_ORDER_KEPT] = "tried",
	    [DELIVER_ORDER_UNUSABLE] = "not an address of a mail host",
	    [DELIVER_ORDER_CUT] = "beyond limits.multihomed",
	};

	return texts[fate];
}

/* Usable addresses of one family, in DNS order. */
struct deliver_order_family {
	const struct netaddr *usable[DELIVER_ORDER_MOST];
	size_t count;
};

static void
deliver_order_sift(struct deliver_order_family *family, const struct netaddr *addresses,
		   size_t count, bool any, struct deliver_order *order)
{
	family->count = 0;
	for (size_t i = 0; i < count && i < DELIVER_ORDER_MOST / 2; i++) {
		const struct netaddr *address = &addresses[i];

		if (!netaddr_is_loopback(address) && !netaddr_is_unspecified(address))
			order->all_loopback = false;
		if (any || netaddr_is_usable(address))
			family->usable[family->count++] = address;
		else
			order->entries[order->count++] = (struct deliver_order_entry){
			    .address = *address, .fate = DELIVER_ORDER_UNUSABLE};
	}
}

static void
deliver_order_put(struct deliver_order *order, const struct deliver_order_family *family,
		  size_t from, size_t to, enum deliver_order_fate fate)
{
	for (size_t i = from; i < to; i++)
		order->entries[order->count++] =
		    (struct deliver_order_entry){.address = *family->usable[i], .fate = fate};
	if (fate == DELIVER_ORDER_KEPT)
		order->kept += to - from;
}

void
deliver_order_addresses(const struct deliver_order_question *question, struct deliver_order *order)
{
	struct deliver_order_family v4;
	struct deliver_order_family v6;
	bool v6_first = question->strategy == SETTINGS_IPV6_ONLY ||
			question->strategy == SETTINGS_IPV6_THEN_IPV4;
	const struct deliver_order_family *first = v6_first ? &v6 : &v4;
	const struct deliver_order_family *second = v6_first ? &v4 : &v6;
	struct deliver_order dropped = {.all_loopback = true};
	size_t v4_count;
	size_t v6_count;
	size_t head;
	size_t tail;

	v4_count = deliver_order_wants_v4(question->strategy) ? question->v4_count : 0;
	v6_count = deliver_order_wants_v6(question->strategy) ? question->v6_count : 0;
	deliver_order_sift(&v4, question->v4, v4_count, question->any, &dropped);
	deliver_order_sift(&v6, question->v6, v6_count, question->any, &dropped);
	head = first->count < question->limit ? first->count : question->limit;
	if (head == question->limit && second->count > 0 && question->limit >= 2)
		head--;
	tail = question->limit - head < second->count ? question->limit - head : second->count;
	order->count = 0;
	order->kept = 0;
	order->all_loopback = dropped.all_loopback && v4.count + v6.count + dropped.count > 0;
	deliver_order_put(order, first, 0, head, DELIVER_ORDER_KEPT);
	deliver_order_put(order, second, 0, tail, DELIVER_ORDER_KEPT);
	deliver_order_put(order, first, head, first->count, DELIVER_ORDER_CUT);
	deliver_order_put(order, second, tail, second->count, DELIVER_ORDER_CUT);
	memcpy(order->entries + order->count, dropped.entries,
	       dropped.count * sizeof(dropped.entries[0]));
	order->count += dropped.count;
}

void
deliver_order_put_behind(struct deliver_order *order, int family)
{
	struct deliver_order_entry behind[DELIVER_ORDER_MOST];
	size_t ahead = 0;
	size_t count = 0;

	for (size_t i = 0; i < order->kept; i++) {
		if (netaddr_family(&order->entries[i].address) == family)
			behind[count++] = order->entries[i];
		else
			order->entries[ahead++] = order->entries[i];
	}
	memcpy(order->entries + ahead, behind, count * sizeof(behind[0]));
}
