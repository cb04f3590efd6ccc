/*
 * Stands in for libFuzzer under "make check": feeds every file of the directories named on the
 * command line to LLVMFuzzerTestOneInput(), in order of their names, and fails when there was
 * none. Without arguments fuzz_NAME takes $srcdir/tests/fuzz/corpus/NAME. A crash or a
 * sanitizer's report is the failure it looks for.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct str text = {0};
	uint8_t *exact;
	size_t got;

	if (file == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	do {
		got = fread(str_reserve(&text, 65536), 1, 65536, file);
		text.len += got;
	} while (got > 0);
	fclose(file);
	/* Memory of exactly this size: the sanitizer then sees a read behind the end. */
	exact = alloc_array(text.len > 0 ? text.len : 1, 1);
	if (text.len > 0)
		memcpy(exact, text.data, text.len);
	LLVMFuzzerTestOneInput(exact, text.len);
	free(exact);
	str_free(&text);
}

static int
replay_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static size_t
replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, replay_visible, alphasort);

	if (count < 0) {
		perror(folder);
		exit(EXIT_FAILURE);
	}
	for (int i = 0; i < count; i++) {
		char *path = alloc_printf("%s/%s", folder, entries[i]->d_name);

		replay_file(path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return (size_t)count;
}

/* The folder of the seeds of the program of this name, to be freed. */
static char *
replay_own_folder(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *stem = slash != NULL ? slash + 1 : program;
	const char *source = getenv("srcdir");

	if (strncmp(stem, "fuzz_", 5) == 0)
		stem += 5;
	return alloc_printf("%s/tests/fuzz/corpus/%s", source != NULL ? source : ".", stem);
}

int
main(int argc, char **argv)
{
	size_t ran = 0;

	if (argc < 2) {
		char *folder = replay_own_folder(argv[0]);

		ran = replay_folder(folder);
		free(folder);
	}
	for (int i = 1; i < argc; i++)
		ran += replay_folder(argv[i]);
	printf("%zu inputs replayed\n", ran);
	return ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
