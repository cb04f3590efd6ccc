#pragma once

#include <stdint.h>

struct channel;
struct submit_message;

/*
 * A message offered to the master: one SUBMIT, or several when the recipients do not fit into one
 * packet. Only for bytes that are on the disk.
 */
void submit_offer_send(struct channel *to_master, struct submit_message *message, uint64_t segment,
		       uint64_t offset);
