#include "master/cli/config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/settings/settings.h"
#include "common/why.h"
#include "master/cli/usage.h"
#include "tests/unit/unit.h"

struct row {
	const char *text;
	int status;       /* 0: loaded */
	const char *what; /* the socket, or a part of the reason */
};

static const struct row rows[] = {
    {"control.socket = '/x/y.sock'\n", 0, "/x/y.sock"},
    {"", 0, RUNSTATEDIR "/postrider/control.sock"},
    /* What only the daemon may read. */
    {"control.socket = '/x'\n[remote.r]\naddress = 'mx.example'\n"
     "auth.username = 'u'\nauth.secret = '%{file:/nonexistent/secret}%'\n",
     0, "/x"},
    {"control.socket = '/x'\n[submit.tls]\ncertificate = '%{file:/nonexistent/cert}%'\n"
     "private-key = '%{env:POSTRIDER_NO_SUCH_VARIABLE}%'\n",
     0, "/x"},
    /* But where the daemon is must be known. */
    {"control.socket = '%{env:POSTRIDER_NO_SUCH_VARIABLE}%'\n", EX_CONFIG, "1:"},
    {"control.socket = 'relative'\n", EX_CONFIG, "has 1 error; see: postrider check"},
    {"control.socket = 7\nspool.path = 8\n", EX_CONFIG, "has 2 errors; see: postrider check"},
    {"control.socket = \n", EX_CONFIG, "syntax"},
};

START_TEST(test_load)
{
	const struct row *row = &rows[_i];
	char path[] = "/tmp/postrider-test.XXXXXX";
	int fd = mkstemp(path);
	struct settings *settings;
	struct why why = {0};
	int status = 0;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, row->text, strlen(row->text)), (ssize_t)strlen(row->text));
	close(fd);
	settings = cli_config_load(path, &status, &why);
	unlink(path);
	ck_assert_int_eq(status, row->status);
	if (row->status == 0) {
		ck_assert_ptr_nonnull(settings);
		ck_assert_str_eq(settings_text(settings, SETTING_CONTROL_SOCKET), row->what);
	} else {
		ck_assert_ptr_null(settings);
		ck_assert_ptr_nonnull(strstr(why.text, path));
		ck_assert_ptr_nonnull(strstr(why.text, row->what));
		ck_assert_ptr_null(strchr(why.text, '\n'));
	}
	settings_free(&settings);
}
END_TEST

START_TEST(test_no_file)
{
	struct why why = {0};
	int status = 0;

	ck_assert_ptr_null(cli_config_load("/nonexistent/p.toml", &status, &why));
	ck_assert_int_eq(status, EX_NOINPUT);
	ck_assert_ptr_nonnull(strstr(why.text, "/nonexistent/p.toml"));
}
END_TEST

START_TEST(test_commands)
{
	ck_assert_ptr_null(cli_usage_find("lst"));
	ck_assert_ptr_null(cli_usage_find(""));
	ck_assert_str_eq(cli_usage_find("list")->name, "list");
	ck_assert(cli_usage_find("list")->alone == NULL);
	ck_assert(cli_usage_find("check")->alone == cli_alone_check);
	ck_assert(cli_usage_find("eval")->alone == cli_alone_eval);
	ck_assert_str_eq(cli_usage_similar("lsit"), "list");
	ck_assert_str_eq(cli_usage_similar("relaod"), "reload");
	ck_assert_ptr_null(cli_usage_similar("quarantine"));
}
END_TEST

/* Every command has a line, at its beginning and with its meaning. */
START_TEST(test_usage)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	cli_usage_print(out, NULL);
	fflush(out);
#define COMMAND(name, reading, usage, meaning)                 \
	ck_assert_ptr_nonnull(strstr(text, "\n  " usage " ")); \
	ck_assert_ptr_nonnull(strstr(text, " " meaning "\n"));
#include "common/tbl/command.def"
#undef COMMAND
	ck_assert_ptr_nonnull(strstr(text, "\n  check [-v] "));
	ck_assert_ptr_nonnull(strstr(text, "\n  eval [--for KEY] "));
	fclose(out);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("master/cli/config");
	TCase *tcase = tcase_create("config");

	tcase_add_loop_test(tcase, test_load, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_no_file);
	tcase_add_test(tcase, test_commands);
	tcase_add_test(tcase, test_usage);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
