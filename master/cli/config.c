#include "master/cli/config.h"

#include <stdlib.h>
#include <sysexits.h>

#include "common/settings/complaint.h"
#include "common/settings/file.h"
#include "common/settings/machine.h"
#include "common/settings/macro.h"
#include "common/settings/settings.h"
#include "common/str.h"
#include "common/why.h"

/* A secret that only the daemon may read is a star, as in what workers are given. */
static bool
cli_config_macro(struct slice name, struct str *value, void *arg, struct why *why)
{
	size_t before = value->len;

	if (!settings_macro_system(name, value, arg, why)) {
		value->len = before;
		str_char(value, '*');
	}
	return true;
}

static void
cli_config_complain(const char *path, struct settings_complaints *complaints, struct why *why)
{
	size_t errors = settings_complaint_errors(complaints);
	const struct settings_complaint *first = NULL;

	for (size_t i = 0; i < settings_complaint_count(complaints) && first == NULL; i++)
		if (!settings_complaint_at(complaints, i)->warning)
			first = settings_complaint_at(complaints, i);
	if (first == NULL)
		why_set(why, "%s has errors; see: postrider check", path);
	else
		why_set(why, "%s has %zu %s; see: postrider check; the first: %u:%u: %s: %s", path,
			errors, errors == 1 ? "error" : "errors", first->line, first->column,
			first->key, first->text);
}

struct settings *
cli_config_load(const char *path, int *status, struct why *why)
{
	struct settings_complaints *complaints;
	struct settings_source source = {.file = path, .macro = cli_config_macro, .blanked = true};
	struct settings *settings;
	struct str text = {0};
	char *hostname;

	if (!settings_file_read(path, &text, why)) {
		str_free(&text);
		*status = EX_NOINPUT;
		return NULL;
	}
	complaints = settings_complaint_new(path);
	hostname = settings_machine_hostname();
	source.text = (struct slice){str_c(&text), text.len};
	source.hostname = hostname;
	settings = settings_load(&source, complaints);
	if (settings == NULL) {
		cli_config_complain(path, complaints, why);
		*status = EX_CONFIG;
	}
	settings_complaint_free(&complaints);
	str_free(&text);
	free(hostname);
	return settings;
}
