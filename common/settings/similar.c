#include "common/settings/similar.h"

#include <string.h>

#include "common/settings/table.h"

enum { SETTINGS_SIMILAR_MAX = 64, SETTINGS_SIMILAR_FAR = 1000 };

static size_t
settings_similar_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
settings_similar_distance(struct slice a, struct slice b)
{
	/* Three rows of the matrix of restricted edit distances. */
	size_t rows[3][SETTINGS_SIMILAR_MAX + 1];

	if (a.len > SETTINGS_SIMILAR_MAX || b.len > SETTINGS_SIMILAR_MAX)
		return SETTINGS_SIMILAR_FAR;
	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *row = rows[i % 3];
		size_t *above = rows[(i + 2) % 3];
		size_t *higher = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t change = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);

			row[j] = settings_similar_least(above[j], row[j - 1]) + 1;
			row[j] = settings_similar_least(row[j], change);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				row[j] = settings_similar_least(row[j], higher[j - 2] + 1);
		}
	}
	return rows[a.len % 3][b.len];
}

/* How far a word of this length may be and still be meant. */
static size_t
settings_similar_reach(size_t len)
{
	return len < 4 ? 1 : len < 8 ? 2 : 3;
}

const char *
settings_similar_word(struct slice word, const char *const *words)
{
	size_t best = settings_similar_reach(word.len) + 1;
	const char *found = NULL;

	for (; *words != NULL; words++) {
		size_t distance = settings_similar_distance(word, slice_of(*words));

		if (distance < best) {
			best = distance;
			found = *words;
		}
	}
	return found;
}

static struct slice
settings_similar_last(struct slice key)
{
	size_t i = key.len;

	while (i > 0 && key.data[i - 1] != '.')
		i--;
	return (struct slice){key.data + i, key.len - i};
}

const char *
settings_similar_key(struct slice key)
{
	struct slice last = settings_similar_last(key);
	size_t best = settings_similar_reach(last.len) + 1;
	const char *found = NULL;
	const char *namesake = NULL;

	for (int i = 0; i < SETTING_COUNT; i++) {
		const char *name = settings_table_row((enum setting_id)i)->key;
		size_t distance = settings_similar_distance(key, slice_of(name));

		if (distance < best) {
			best = distance;
			found = name;
		}
		if (namesake == NULL && slice_equal(last, settings_similar_last(slice_of(name))))
			namesake = name;
	}
	return found != NULL ? found : namesake;
}
