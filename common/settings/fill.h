#pragma once

/* From the places of the keys to their values: the second half of loading. */
struct settings_loader;

/* Static keys, from the file or their defaults. */
void settings_fill_plain(struct settings_loader *loader);
/* server.hostname and report.domain, which other defaults are made of. */
void settings_fill_names(struct settings_loader *loader);
/* Expression keys; after relays, lookups, static keys and names. */
void settings_fill_expressions(struct settings_loader *loader);
