#pragma once

#include "common/settings/complaint.h"

/*
 * What only the machine can tell about a configuration: are its source addresses here, and which
 * would the kernel pick without any. Used by `check` and at start. All it finds are warnings.
 */
struct settings;

/* Binds a socket to each literal source address; lists the addresses of the interfaces. */
void settings_machine_check(const struct settings *settings,
			    struct settings_complaints *complaints);
/* The machine's name in lower case, "localhost" when it has none; free() it. */
char *settings_machine_hostname(void);
