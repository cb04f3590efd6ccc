#pragma once

/* Keys that concern one another: what no key can be told alone. Adds complaints only. */
struct settings_loader;

void settings_cross_check(struct settings_loader *loader);
