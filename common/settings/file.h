#pragma once

#include <stdbool.h>

struct str;
struct why;

/* Reads a whole file of moderate size: the configuration, roots of trust, /etc/resolv.conf. */
enum { SETTINGS_FILE_MAX = 16 * 1024 * 1024 };

/* Appends to *text. False with a sentence that names the path. Directories are refused. */
bool settings_file_read(const char *path, struct str *text, struct why *why);
