#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/settings/bundle.h"
#include "common/settings/print.h"
#include "common/settings/settings.h"
#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What loads for the master must load for each worker, from a bundle. */
static void
fuzz_bundle(const struct settings_source *source, enum settings_role role)
{
	const struct settings_bundle_facts facts = {.generation = 1, .hostname = "h.example"};
	struct settings_bundle *bundle;
	struct str out = {0};

	if (settings_bundle_write(source, role, &facts, &out, NULL)) {
		bundle = settings_bundle_read((struct slice){out.data, out.len}, NULL);
		assert(bundle != NULL && bundle->role == role);
		settings_bundle_free(&bundle);
	}
	str_free(&out);
}

/* The input is a configuration, and a bundle. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings_source source = {
	    .file = "f.toml", .text = {(const char *)data, size}, .hostname = "h.example"};
	struct settings_complaints *complaints = settings_complaint_new("f.toml");
	struct settings *settings = settings_load(&source, complaints);
	struct settings_bundle *bundle = settings_bundle_read(source.text, NULL);
	struct str out = {0};

	assert((settings == NULL) == (settings_complaint_errors(complaints) > 0));
	for (size_t i = 0; i < settings_complaint_count(complaints); i++) {
		assert(settings_complaint_at(complaints, i)->line > 0);
		assert(settings_complaint_at(complaints, i)->text[0] != '\0');
	}
	settings_complaint_print(complaints, &out);
	if (settings != NULL) {
		settings_print(settings, &out);
		fuzz_bundle(&source, SETTINGS_ROLE_DELIVER);
		fuzz_bundle(&source, SETTINGS_ROLE_SUBMIT);
	}
	settings_bundle_free(&bundle);
	settings_free(&settings);
	settings_complaint_free(&complaints);
	str_free(&out);
	return 0;
}
