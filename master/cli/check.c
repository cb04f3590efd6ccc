#include "master/cli/check.h"

#include <stdlib.h>
#include <sysexits.h>

#include "common/settings/complaint.h"
#include "common/settings/file.h"
#include "common/settings/machine.h"
#include "common/settings/print.h"
#include "common/settings/settings.h"
#include "common/str.h"
#include "common/why.h"

static int
cli_check_text(const char *path, const struct str *text, bool verbose, FILE *out)
{
	struct settings_complaints *complaints = settings_complaint_new(path);
	char *hostname = settings_machine_hostname();
	const struct settings_source source = {
	    .file = path,
	    .text = {str_c(text), text->len},
	    .hostname = hostname,
	    .macro = settings_macro_system,
	};
	struct settings *settings = settings_load(&source, complaints);
	struct str answer = {0};
	int status;

	if (settings != NULL)
		settings_machine_check(settings, complaints);
	settings_complaint_print(complaints, &answer);
	if (settings != NULL && verbose)
		settings_print(settings, &answer);
	fwrite(str_c(&answer), 1, answer.len, out);
	status = settings_complaint_errors(complaints) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	settings_free(&settings);
	settings_complaint_free(&complaints);
	str_free(&answer);
	free(hostname);
	return status;
}

int
cli_check(const char *path, bool verbose, FILE *out, FILE *err)
{
	struct str text = {0};
	struct why why = {0};
	int status = EX_NOINPUT;

	if (settings_file_read(path, &text, &why))
		status = cli_check_text(path, &text, verbose, out);
	else
		fprintf(err, "postrider: %s\n", why.text);
	str_free(&text);
	return status;
}
