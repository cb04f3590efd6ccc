#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The envelope of a message that is being accepted: collects what SUBMIT packets say and turns it
 * into rows, one delivery for each recipient domain.
 */
struct arena;
struct envelope;
struct proto_submit;
struct settings;
struct store;
struct store_arrive;
struct store_delivery;

/* Lives in the arena. */
struct envelope *envelope_new(struct arena *arena);
/* Sender, parameters and body from the first packet. All texts are copied. */
void envelope_begin(struct envelope *envelope, const struct proto_submit *submit);
/* The recipients of a packet; false when there are too many. */
bool envelope_add(struct envelope *envelope, const struct proto_submit *submit);
size_t envelope_recipients(const struct envelope *envelope);
/* Numbers are given out, times computed by the settings, and everything put into arrive. */
void envelope_fill(struct envelope *envelope, struct store *store, const struct settings *settings,
		   struct store_arrive *arrive);
/* Delivery number index of what was stored, as it would be read back. */
struct store_delivery *envelope_row(struct arena *arena, const struct store_arrive *arrive,
				    size_t index);
