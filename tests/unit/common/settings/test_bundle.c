#include "common/settings/bundle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/settings/file.h"
#include "common/settings/machine.h"
#include "common/settings/relay.h"
#include "common/settings/resolvconf.h"
#include "common/why.h"
#include "master/cli/check.h"
#include "tests/unit/common/settings/fixture.h"
#include "tests/unit/unit.h"

static const char configuration[] = "[remote.a]\n"
				    "address = 'relay.example.org'\n"
				    "auth.username = \"us\\u0041\"; \n";

static const char text_with_secrets[] =
    "[remote.a]\n"
    "address = 'relay.example.org'\n"
    "auth = { username = 'j\xc3\xbcrgen', secret = \"pass\\\"word\" } # end\n"
    "[remote.b]\n"
    "address = 'b.example.org'\n"
    "auth.username = '''\nmulti\nline'''\n"
    "auth.secret = '%{env:TOKEN}%'\n"
    "[submit.tls]\n"
    "certificate = '-----BEGIN CERTIFICATE-----'\n"
    "private-key = '%{file:/key}%'\n"
    "[dkim.example]\n"
    "key = 'dkimsecret'\n"
    "[queue.outbound]\n"
    "limits.mx = 9\n";

static struct settings_source
bundle_source(const char *text)
{
	return (struct settings_source){
	    .file = "/etc/p.toml", .text = slice_of(text), .macro = fixture_macro};
}

static struct settings_bundle_facts
bundle_facts(const struct netaddr *servers)
{
	return (struct settings_bundle_facts){
	    .generation = UINT64_C(0x123456789a),
	    .hostname = "mail.example.org",
	    .servers = servers,
	    .server_count = 2,
	    .ca = slice_of("-----BEGIN CERTIFICATE-----\n"),
	};
}

static struct str
bundle_written(enum settings_role role)
{
	const struct settings_source source = bundle_source(text_with_secrets);
	struct settings_bundle_facts facts;
	struct netaddr servers[2];
	struct str out = {0};
	struct why why = {0};

	ck_assert(netaddr_parse(slice_of("127.0.0.1"), 53, &servers[0]));
	ck_assert(netaddr_parse(slice_of("2001:db8::1"), 5353, &servers[1]));
	facts = bundle_facts(servers);
	ck_assert_msg(settings_bundle_write(&source, role, &facts, &out, &why), "%u:%u %s",
		      why.line, why.column, why.text);
	return out;
}

static bool
holds(const struct str *data, const char *words)
{
	return memmem(data->data, data->len, words, strlen(words)) != NULL;
}

START_TEST(deliver_gets_relay_secrets_only)
{
	struct str data = bundle_written(SETTINGS_ROLE_DELIVER);
	struct settings_bundle *bundle =
	    settings_bundle_read((struct slice){data.data, data.len}, NULL);
	char text[NETADDR_TEXT];

	ck_assert_ptr_nonnull(bundle);
	ck_assert(!holds(&data, "PRIVATE KEY") && !holds(&data, "file:/key"));
	ck_assert(!holds(&data, "dkimsecret"));
	ck_assert_int_eq(bundle->role, SETTINGS_ROLE_DELIVER);
	ck_assert(bundle->generation == UINT64_C(0x123456789a));
	ck_assert_str_eq(bundle->hostname, "mail.example.org");
	ck_assert_uint_eq(bundle->server_count, 2);
	ck_assert_str_eq(netaddr_text_port(text, &bundle->servers[1]), "[2001:db8::1]:5353");
	ck_assert(slice_is(bundle->ca, "-----BEGIN CERTIFICATE-----\n"));
	ck_assert_str_eq(settings_hostname(bundle->settings), "mail.example.org");
	ck_assert_str_eq(settings_relay_find(bundle->settings, slice_of("a"))->secret,
			 "pass\"word");
	ck_assert_str_eq(settings_relay_find(bundle->settings, slice_of("b"))->secret, "s3cret");
	ck_assert_uint_eq(settings_origin(bundle->settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX).line,
			  16);
	settings_bundle_free(&bundle);
	str_free(&data);
}
END_TEST

START_TEST(submit_gets_its_key_only)
{
	struct str data = bundle_written(SETTINGS_ROLE_SUBMIT);
	struct settings_bundle *bundle =
	    settings_bundle_read((struct slice){data.data, data.len}, NULL);

	ck_assert_ptr_nonnull(bundle);
	ck_assert(!holds(&data, "s3cret") && !holds(&data, "word") && !holds(&data, "rgen"));
	ck_assert(!holds(&data, "multi") && !holds(&data, "TOKEN"));
	ck_assert_ptr_nonnull(
	    strstr(settings_text(bundle->settings, SETTING_SUBMIT_TLS_PRIVATE_KEY), "AAAA"));
	ck_assert_uint_eq(settings_origin(bundle->settings, SETTING_QUEUE_OUTBOUND_LIMITS_MX).line,
			  16);
	settings_bundle_free(&bundle);
	str_free(&data);
}
END_TEST

START_TEST(blanking_keeps_lines_and_columns)
{
	struct str out = {0};

	ck_assert(
	    settings_bundle_blank(slice_of(text_with_secrets), SETTINGS_ROLE_SUBMIT, &out, NULL));
	ck_assert(holds(&out, "auth = { username = '******', secret = \"**********\" } # end\n"));
	ck_assert(holds(&out, "auth.username = '''\n*****\n****'''\n"));
	ck_assert(holds(&out, "private-key = '%{file:/key}%'\n"));
	str_free(&out);
	ck_assert(
	    !settings_bundle_blank(slice_of(configuration), SETTINGS_ROLE_SUBMIT, &out, NULL));
	str_free(&out);
}
END_TEST

START_TEST(a_bundle_that_is_cut_or_changed_is_refused)
{
	struct str data = bundle_written(SETTINGS_ROLE_SUBMIT);
	struct settings_bundle *bundle;
	struct why why = {0};
	char *copy = alloc_copy(data.data, data.len);

	for (size_t len = 0; len < data.len; len++) {
		char *cut = alloc_array(len + 1, 1);

		memcpy(cut, data.data, len);
		why.text[0] = '\0';
		ck_assert_ptr_null(settings_bundle_read((struct slice){cut, len}, &why));
		ck_assert_str_ne(why.text, "");
		free(cut);
	}
	str_char(&data, 'x');
	ck_assert_ptr_null(settings_bundle_read((struct slice){data.data, data.len}, &why));
	data.len--;
	for (size_t i = 0; i < data.len; i++) {
		/* Whatever it says, it must not read elsewhere. */
		data.data[i] = (char)(data.data[i] ^ 0x81);
		bundle = settings_bundle_read((struct slice){data.data, data.len}, NULL);
		if (i < 12)
			ck_assert_ptr_null(bundle);
		settings_bundle_free(&bundle);
		data.data[i] = copy[i];
	}
	free(copy);
	str_free(&data);
}
END_TEST

START_TEST(a_macro_that_lost_its_value_stops_the_writer)
{
	const struct settings_source source =
	    bundle_source("[remote.a]\naddress = 'a.b'\nauth.username = 'u'\n"
			  "auth.secret = '%{env:GONE}%'\n");
	const struct settings_bundle_facts facts = {.hostname = "h.org"};
	struct str out = {0};
	struct why why = {0};

	ck_assert(!settings_bundle_write(&source, SETTINGS_ROLE_DELIVER, &facts, &out, &why));
	ck_assert_uint_eq(why.line, 4);
	ck_assert_ptr_nonnull(strstr(why.text, "env:GONE"));
	ck_assert(settings_bundle_write(&source, SETTINGS_ROLE_SUBMIT, &facts, &out, &why));
	str_free(&out);
}
END_TEST

static const struct {
	const char *text;
	size_t count;
	const char *first;
} resolvconfs[] = {
    {"", 1, "127.0.0.1:53"},
    {"nameserver 192.0.2.1\n", 1, "192.0.2.1:53"},
    {"nameserver\t2001:db8::1  # x\nnameserver 192.0.2.1", 2, "[2001:db8::1]:53"},
    {"# nameserver 192.0.2.9\n;x\nsearch a.b\noptions edns0\nnameserver 192.0.2.1\r\n", 1,
     "192.0.2.1:53"},
    {" nameserver 192.0.2.9\nnameserver nonsense\nnameserver fe80::1%eth0\n", 1, "127.0.0.1:53"},
    {"nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n", 3,
     "192.0.2.1:53"},
    {"nameserver\nnameserver \n\n\nnameserverx 192.0.2.1\n", 1, "127.0.0.1:53"},
};

START_TEST(resolvconf_is_read_as_the_library_does)
{
	struct netaddr servers[SETTINGS_RESOLVCONF_MAX];
	char text[NETADDR_TEXT];

	ck_assert_uint_eq(settings_resolvconf_parse(slice_of(resolvconfs[_i].text), servers),
			  resolvconfs[_i].count);
	ck_assert_str_eq(netaddr_text_port(text, &servers[0]), resolvconfs[_i].first);
}
END_TEST

static int
check_text(const char *text, bool verbose, struct str *answer)
{
	char path[] = "/tmp/postrider-check-XXXXXX";
	char *said = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&said, &len);
	int fd = mkstemp(path);
	int status;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	status = cli_check(path, verbose, out, stderr);
	fclose(out);
	str_bytes(answer, said, len);
	free(said);
	unlink(path);
	return status;
}

START_TEST(check_says_everything_on_its_output)
{
	struct str answer = {0};
	char *said = NULL;
	size_t len = 0;
	FILE *err = open_memstream(&said, &len);

	ck_assert_int_eq(check_text("queue.outbound.source-ip.v4 = ['192.0.2.1', '127.0.0.1']\n"
				    "remote.r = { address = 'a.b', auth.username = 'u', "
				    "auth.secret = 'hush' }\n",
				    true, &answer),
			 0);
	ck_assert(holds(&answer, ":1:31: queue.outbound.source-ip.v4: warning: 192.0.2.1 is not"));
	ck_assert(!holds(&answer, "warning: 127.0.0.1"));
	ck_assert(holds(&answer, "\nqueue.outbound.limits.mx = 5   # default\n"));
	ck_assert(holds(&answer, "remote.r.auth.secret = \"********\"   # /tmp/postrider-check-"));
	ck_assert(!holds(&answer, "hush"));
	str_clear(&answer);
	ck_assert_int_eq(check_text("queue.outbound.limits.mx = 0\n", true, &answer), 1);
	ck_assert(holds(&answer, ":1:28: queue.outbound.limits.mx: the value is 0"));
	ck_assert(!holds(&answer, "# default"));
	ck_assert_int_eq(cli_check("/nonexistent/p.toml", false, stdout, err), 66);
	ck_assert_int_eq(cli_check("/", false, stdout, err), 66);
	fclose(err);
	ck_assert_ptr_nonnull(strstr(said, "/nonexistent/p.toml: No such file"));
	free(said);
	str_free(&answer);
}
END_TEST

START_TEST(macros_of_the_system_are_read)
{
	char path[] = "/tmp/postrider-macro-XXXXXX";
	char name[64];
	struct str value = {0};
	struct why why = {0};
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "line\nlast\r\n", 11), 11);
	close(fd);
	snprintf(name, sizeof(name), "file:%s", path);
	ck_assert(settings_macro_system(slice_of(name), &value, NULL, NULL));
	ck_assert_str_eq(str_c(&value), "line\nlast");
	unlink(path);
	ck_assert(!settings_macro_system(slice_of(name), &value, NULL, &why));
	setenv("POSTRIDER_TEST_MACRO", "v", 1);
	str_clear(&value);
	ck_assert(settings_macro_system(slice_of("env:POSTRIDER_TEST_MACRO"), &value, NULL, NULL));
	ck_assert_str_eq(str_c(&value), "v");
	ck_assert(!settings_macro_system(slice_of("env:POSTRIDER_TEST_NONE"), &value, NULL, &why));
	str_free(&value);
}
END_TEST

static Suite *
bundle_suite(void)
{
	Suite *suite = suite_create("settings bundle");
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, deliver_gets_relay_secrets_only);
	tcase_add_test(tcase, submit_gets_its_key_only);
	tcase_add_test(tcase, blanking_keeps_lines_and_columns);
	tcase_add_test(tcase, a_bundle_that_is_cut_or_changed_is_refused);
	tcase_add_test(tcase, a_macro_that_lost_its_value_stops_the_writer);
	tcase_add_loop_test(tcase, resolvconf_is_read_as_the_library_does, 0,
			    (int)(sizeof(resolvconfs) / sizeof(resolvconfs[0])));
	tcase_add_test(tcase, check_says_everything_on_its_output);
	tcase_add_test(tcase, macros_of_the_system_are_read);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(bundle_suite)
