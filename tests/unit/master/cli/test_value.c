#include "master/cli/value.h"

#include "common/proto/control.h"
#include "common/str.h"
#include "tests/unit/unit.h"

enum { NOW = 1795280400 }; /* 2026-11-21 17:00:00 UTC */

struct row {
	enum proto_value_type type;
	int64_t integer;
	const char *text;
	enum cli_format format;
	const char *line;
	const char *json;
};

static const struct row rows[] = {
    {PROTO_VALUE_NULL, 0, "", CLI_FORMAT_TYPE, "-", "null"},
    {PROTO_VALUE_NULL, 0, "", CLI_FORMAT_TIME, "-", "null"},
    {PROTO_VALUE_INTEGER, -7, "", CLI_FORMAT_TYPE, "-7", "-7"},
    {PROTO_VALUE_INTEGER, INT64_MAX, "", CLI_FORMAT_TYPE, "9223372036854775807",
     "9223372036854775807"},
    {PROTO_VALUE_INTEGER, INT64_MIN, "", CLI_FORMAT_TYPE, "-9223372036854775808",
     "-9223372036854775808"},
    {PROTO_VALUE_INTEGER, NOW - 60, "", CLI_FORMAT_TIME, "60s ago", "1795280340"},
    {PROTO_VALUE_INTEGER, 2048, "", CLI_FORMAT_SIZE, "2.0 KiB", "2048"},
    {PROTO_VALUE_INTEGER, 1, "", CLI_FORMAT_FLAG, "yes", "1"},
    {PROTO_VALUE_INTEGER, 0, "", CLI_FORMAT_FLAG, "no", "0"},
    {PROTO_VALUE_INTEGER, 2, "", CLI_FORMAT_RET, "HDRS", "2"},
    {PROTO_VALUE_INTEGER, 3, "", CLI_FORMAT_RET, "3", "3"},
    {PROTO_VALUE_REAL, 0, "2.5", CLI_FORMAT_TYPE, "2.5", "2.5"},
    {PROTO_VALUE_REAL, 0, "-1e-05", CLI_FORMAT_TYPE, "-1e-05", "-1e-05"},
    {PROTO_VALUE_REAL, 0, "1e+06", CLI_FORMAT_TYPE, "1e+06", "1e+06"},
    {PROTO_VALUE_REAL, 0, "inf", CLI_FORMAT_TYPE, "inf", "null"},
    {PROTO_VALUE_REAL, 0, "-nan", CLI_FORMAT_TYPE, "-nan", "null"},
    {PROTO_VALUE_REAL, 0, "", CLI_FORMAT_TYPE, "-", "null"},
    {PROTO_VALUE_REAL, 0, "-", CLI_FORMAT_TYPE, "-", "null"},
    {PROTO_VALUE_REAL, 0, "1.", CLI_FORMAT_TYPE, "1.", "null"},
    {PROTO_VALUE_REAL, 0, "1e", CLI_FORMAT_TYPE, "1e", "null"},
    {PROTO_VALUE_REAL, 0, "01", CLI_FORMAT_TYPE, "01", "null"},
    {PROTO_VALUE_REAL, 0, "1,\"x\":2", CLI_FORMAT_TYPE, "1,\"x\":2", "null"},
    {PROTO_VALUE_BOOL, 1, "", CLI_FORMAT_TYPE, "yes", "true"},
    {PROTO_VALUE_BOOL, 0, "", CLI_FORMAT_TYPE, "no", "false"},
    {PROTO_VALUE_TEXT, 0, "", CLI_FORMAT_TYPE, "-", "\"\""},
    {PROTO_VALUE_TEXT, 0, "", CLI_FORMAT_PATH, "<>", "\"\""},
    {PROTO_VALUE_TEXT, 0, "a@b.c", CLI_FORMAT_PATH, "a@b.c", "\"a@b.c\""},
    {PROTO_VALUE_TEXT, 0, "one\ntwo\n", CLI_FORMAT_TYPE, "one; two", "\"one\\ntwo\\n\""},
    {PROTO_VALUE_TEXT, 0, "\n", CLI_FORMAT_TYPE, "-", "\"\\n\""},
    {PROTO_VALUE_TEXT, 0, "a\r\x1b", CLI_FORMAT_TYPE, "a\\x0d\\x1b", "\"a\\r\\u001b\""},
    {PROTO_VALUE_TIME, NOW, "", CLI_FORMAT_TYPE, "now", "\"2026-11-21T17:00:00Z\""},
    {PROTO_VALUE_TIME, NOW + 1, "", CLI_FORMAT_TYPE, "in 1s", "\"2026-11-21T17:00:01Z\""},
    {PROTO_VALUE_TIME, NOW + 119, "", CLI_FORMAT_TYPE, "in 119s", "\"2026-11-21T17:01:59Z\""},
    {PROTO_VALUE_TIME, NOW + 120, "", CLI_FORMAT_TYPE, "in 2m", "\"2026-11-21T17:02:00Z\""},
    {PROTO_VALUE_TIME, NOW - 7199, "", CLI_FORMAT_TYPE, "119m ago", "\"2026-11-21T15:00:01Z\""},
    {PROTO_VALUE_TIME, NOW - 10800, "", CLI_FORMAT_TYPE, "3h ago", "\"2026-11-21T14:00:00Z\""},
    {PROTO_VALUE_TIME, NOW + 172800, "", CLI_FORMAT_TYPE, "in 2d", "\"2026-11-23T17:00:00Z\""},
    {PROTO_VALUE_TIME, 0, "", CLI_FORMAT_TYPE, "20778d ago", "\"1970-01-01T00:00:00Z\""},
    {PROTO_VALUE_TIME, INT64_MAX, "", CLI_FORMAT_TYPE, "in 106751991146521d", "null"},
    {PROTO_VALUE_TIME, INT64_MIN, "", CLI_FORMAT_TYPE, "106751991188079d ago", "null"},
    {PROTO_VALUE_TIME, INT64_C(253402300800), "", CLI_FORMAT_TYPE, "in 2912118d", "null"},
    {PROTO_VALUE_DURATION, 0, "", CLI_FORMAT_TYPE, "0s", "0"},
    {PROTO_VALUE_DURATION, 999, "", CLI_FORMAT_TYPE, "999ms", "999"},
    {PROTO_VALUE_DURATION, 1234, "", CLI_FORMAT_TYPE, "1s200ms", "1234"},
    {PROTO_VALUE_DURATION, 12345, "", CLI_FORMAT_TYPE, "12s", "12345"},
    {PROTO_VALUE_DURATION, 3 * 3600000 + 125000, "", CLI_FORMAT_TYPE, "3h2m", "10925000"},
    {PROTO_VALUE_DURATION, 90061001, "", CLI_FORMAT_TYPE, "1d1h", "90061001"},
    {PROTO_VALUE_DURATION, -5, "", CLI_FORMAT_TYPE, "-5ms", "-5"},
    {PROTO_VALUE_SIZE, 1023, "", CLI_FORMAT_TYPE, "1023 B", "1023"},
    {PROTO_VALUE_SIZE, 3355443, "", CLI_FORMAT_TYPE, "3.2 MiB", "3355443"},
    {PROTO_VALUE_SIZE, -1, "", CLI_FORMAT_TYPE, "-1", "-1"},
};

static struct proto_value
value_of(const struct row *row)
{
	return (struct proto_value){.name = slice_of("x"),
				    .type = row->type,
				    .integer = row->integer,
				    .text = slice_of(row->text)};
}

START_TEST(test_rows)
{
	static const struct cli_value_style style = {.now = NOW};
	const struct proto_value value = value_of(&rows[_i]);
	struct str text = {0};

	cli_value_line(&text, &value, rows[_i].format, &style);
	ck_assert_str_eq(str_c(&text), rows[_i].line);
	str_clear(&text);
	cli_value_json(&text, &value);
	ck_assert_str_eq(str_c(&text), rows[_i].json);
	str_free(&text);
}
END_TEST

START_TEST(test_times)
{
	struct proto_value value = {.type = PROTO_VALUE_TIME, .integer = NOW - 10800};
	struct cli_value_style style = {.now = NOW, .times = CLI_VALUE_UTC};
	struct str text = {0};

	cli_value_line(&text, &value, CLI_FORMAT_TYPE, &style);
	ck_assert_str_eq(str_c(&text), "2026-11-21 14:00:00");
	str_clear(&text);
	style.times = CLI_VALUE_BOTH;
	cli_value_line(&text, &value, CLI_FORMAT_TYPE, &style);
	ck_assert_str_eq(str_c(&text), "2026-11-21 14:00:00 (3h ago)");
	str_clear(&text);
	style.times = CLI_VALUE_UTC;
	value.integer = INT64_MAX;
	cli_value_line(&text, &value, CLI_FORMAT_TYPE, &style);
	ck_assert_str_eq(str_c(&text), "9223372036854775807");
	str_free(&text);
}
END_TEST

START_TEST(test_claims)
{
	struct proto_value null = {.type = PROTO_VALUE_NULL};
	struct proto_value zero = {.type = PROTO_VALUE_INTEGER};
	struct proto_value empty = {.type = PROTO_VALUE_TEXT};
	struct proto_value size = {.type = PROTO_VALUE_SIZE};
	struct proto_value time = {.type = PROTO_VALUE_TIME};

	ck_assert(cli_value_is_number(&zero, CLI_FORMAT_TYPE));
	ck_assert(cli_value_is_number(&zero, CLI_FORMAT_SIZE));
	ck_assert(!cli_value_is_number(&zero, CLI_FORMAT_TIME));
	ck_assert(cli_value_is_number(&size, CLI_FORMAT_TYPE));
	ck_assert(!cli_value_is_number(&time, CLI_FORMAT_TYPE));
	ck_assert(!cli_value_is_number(&null, CLI_FORMAT_TYPE));
	ck_assert(cli_value_is_void(&null, CLI_FORMAT_TYPE));
	ck_assert(cli_value_is_void(&empty, CLI_FORMAT_TYPE));
	ck_assert(!cli_value_is_void(&empty, CLI_FORMAT_PATH));
	ck_assert(!cli_value_is_void(&zero, CLI_FORMAT_TYPE));
	ck_assert(cli_value_is_void(&zero, CLI_FORMAT_FLAG));
	ck_assert(cli_value_is_void(&zero, CLI_FORMAT_RET));
	ck_assert(!cli_value_is_void(&size, CLI_FORMAT_TYPE));
}
END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("master/cli/value");
	TCase *tcase = tcase_create("value");

	tcase_add_loop_test(tcase, test_rows, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_times);
	tcase_add_test(tcase, test_claims);
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(suite)
