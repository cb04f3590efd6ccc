#include "common/toml/datetime.h"

#include <string.h>

#include "common/arena.h"
#include "common/toml/tree.h"

/* The word while it is taken apart. */
struct datetime_word {
	const char *next;
	const char *end;
	const char *complaint;
};

static bool
datetime_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Does the text begin like the pattern, in which 0 stands for any digit? */
static bool
datetime_like(const char *next, const char *end, const char *pattern)
{
	for (; *pattern != '\0'; pattern++, next++)
		if (next == end ||
		    (*pattern == '0' ? !datetime_is_digit(*next) : *next != *pattern))
			return false;
	return true;
}

bool
toml_datetime_is_date(struct slice word)
{
	return word.len == 10 && datetime_like(word.data, word.data + word.len, "0000-00-00");
}

/* len characters that are known to be digits. */
static unsigned
datetime_number(const char *digits, size_t len)
{
	unsigned number = 0;

	for (size_t i = 0; i < len; i++)
		number = number * 10 + (unsigned)(digits[i] - '0');
	return number;
}

static bool
datetime_wrong(struct datetime_word *word, const char *complaint)
{
	word->complaint = complaint;
	return false;
}

/* RFC 3339 section 5.7 and appendix C. */
static unsigned
datetime_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool
datetime_date(struct datetime_word *word)
{
	unsigned year, month, day;

	if (!datetime_like(word->next, word->end, "0000-00-00"))
		return datetime_wrong(word, "a date is written with all its digits: 2031-01-09");
	year = datetime_number(word->next, 4);
	month = datetime_number(word->next + 5, 2);
	day = datetime_number(word->next + 8, 2);
	word->next += 10;
	if (month < 1 || month > 12)
		return datetime_wrong(word, "the month of a date must be 01 to 12");
	if (day < 1 || day > datetime_days(year, month))
		return datetime_wrong(word, "that month of that year has no such day");
	return true;
}

static bool
datetime_time(struct datetime_word *word)
{
	if (!datetime_like(word->next, word->end, "00:00:00"))
		return datetime_wrong(word, "a time is written with hours, minutes and seconds, "
					    "two digits each: 07:05:00");
	if (datetime_number(word->next, 2) > 23)
		return datetime_wrong(word, "the hour of a time must be 00 to 23");
	if (datetime_number(word->next + 3, 2) > 59)
		return datetime_wrong(word, "the minute of a time must be 00 to 59");
	if (datetime_number(word->next + 6, 2) > 60)
		return datetime_wrong(word, "the second of a time must be 00 to 60");
	word->next += 8;
	if (word->next == word->end || *word->next != '.')
		return true;
	if (!datetime_like(word->next, word->end, ".0"))
		return datetime_wrong(word, "digits are missing behind the point of a time");
	do
		word->next++;
	while (word->next < word->end && datetime_is_digit(*word->next));
	return true;
}

static bool
datetime_offset(struct datetime_word *word)
{
	if (*word->next == 'Z' || *word->next == 'z') {
		word->next++;
		return true;
	}
	if (!datetime_like(word->next + 1, word->end, "00:00"))
		return datetime_wrong(word, "the offset of a time is Z or like +01:00");
	if (datetime_number(word->next + 1, 2) > 23 || datetime_number(word->next + 4, 2) > 59)
		return datetime_wrong(word, "the offset of a time must be within 23:59");
	word->next += 6;
	return true;
}

static bool
datetime_both(struct datetime_word *word, enum toml_type *type)
{
	*type = TOML_LOCAL_DATE;
	if (!datetime_date(word))
		return false;
	if (word->next == word->end)
		return true;
	if (strchr("Tt ", *word->next) == NULL)
		return false;
	word->next++;
	*type = TOML_LOCAL_DATETIME;
	if (!datetime_time(word))
		return false;
	if (word->next == word->end || strchr("Zz+-", *word->next) == NULL)
		return true;
	*type = TOML_OFFSET_DATETIME;
	return datetime_offset(word);
}

bool
toml_datetime_parse(struct arena *arena, struct slice text, struct toml_node *node,
		    const char **complaint)
{
	struct datetime_word word = {.next = text.data, .end = text.data + text.len};
	enum toml_type type = TOML_LOCAL_TIME;
	char *copy;
	bool ok;

	*complaint = NULL;
	if (datetime_like(word.next, word.end, "0000-0"))
		ok = datetime_both(&word, &type);
	else if (datetime_like(word.next, word.end, "00:0"))
		ok = datetime_time(&word);
	else
		return false;
	if (!ok || word.next < word.end) {
		*complaint = word.complaint != NULL
				 ? word.complaint
				 : "this is no date and no time; text needs quotes";
		return false;
	}
	copy = arena_copy(arena, text.data, text.len);
	if (type == TOML_LOCAL_DATETIME || type == TOML_OFFSET_DATETIME)
		copy[10] = 'T';
	if (copy[text.len - 1] == 'z')
		copy[text.len - 1] = 'Z';
	node->type = type;
	node->text = (struct slice){copy, text.len};
	return true;
}
