#pragma once

#include <stdbool.h>

struct store;

/*
 * Moves the write-ahead log into the database between two turns: when it passes 16 MiB and after
 * each further 16 MiB, never waiting for a reader. A reader that holds it back is reported once
 * when the log passes 256 MiB, and once when it is over.
 */
enum { STORE_CHECKPOINT_STEP = 16 * 1024 * 1024, STORE_CHECKPOINT_WARN = 256 * 1024 * 1024 };

/* To be called between turns; true when a checkpoint was tried. */
bool store_checkpoint_tick(struct store *store);
