#pragma once

/* Libraries at work inside the sandbox: each returns 0 when it does, as in sandbox_acts.h. */
int sandbox_libs_event_loop(void);
int sandbox_libs_dns(void);
int sandbox_libs_tls(void);
