#include "tests/unit/common/settings/fixture.h"

#include <check.h>
#include <stdlib.h>

#include "common/why.h"

bool
fixture_macro(struct slice name, struct str *value, void *arg, struct why *why)
{
	if (slice_is(name, "env:TOKEN")) {
		str_text(value, "s3cret");
		return true;
	}
	if (slice_is(name, "file:/key")) {
		str_text(value, "-----BEGIN PRIVATE KEY-----\nAAAA");
		return true;
	}
	why_set(why, "there is no %.*s", SLICE_ARG(name));
	return false;
}

struct fixture
fixture_load(const char *text)
{
	const struct settings_source source = {
	    .file = "t.toml",
	    .text = slice_of(text),
	    .hostname = "mail.example.org",
	    .macro = fixture_macro,
	};
	struct fixture fixture = {.complaints = settings_complaint_new("t.toml")};

	fixture.settings = settings_load(&source, fixture.complaints);
	return fixture;
}

struct fixture
fixture_load_good(const char *text)
{
	struct fixture fixture = fixture_load(text);
	struct str shown = {0};

	settings_complaint_print(fixture.complaints, &shown);
	ck_assert_msg(fixture.settings != NULL, "%s\ngives\n%s", text, str_c(&shown));
	str_free(&shown);
	return fixture;
}

void
fixture_free(struct fixture *fixture)
{
	settings_free(&fixture->settings);
	settings_complaint_free(&fixture->complaints);
}
