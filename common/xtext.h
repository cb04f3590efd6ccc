#pragma once

#include "common/str.h"

/* xtext of RFC 3461 section 4: how ENVID and ORCPT travel in commands. Pure. */
struct arena;

/* False when it is not xtext; *text is in the arena. */
bool xtext_decode(struct arena *arena, struct slice encoded, struct slice *text);
