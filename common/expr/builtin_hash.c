#include "common/expr/builtin.h"

#include <sys/types.h>

#include <md5.h>
#include <sha1.h>
#include <sha2.h>

#include "common/arena.h"
#include "common/expr/eval.h"

typedef char *expr_builtin_hash_fn(const uint8_t *data, size_t len, char *hex);

/* The digest functions of libmd, which write lower-case hexadecimal and a NUL. */
static const struct {
	const char *name;
	expr_builtin_hash_fn *fn;
} expr_builtin_hashes[] = {
    {"md5", MD5Data},
    {"sha1", SHA1Data},
    {"sha256", SHA256Data},
    {"sha512", SHA512Data},
};

enum { EXPR_BUILTIN_HASH_TEXT = SHA512_DIGEST_STRING_LENGTH };

void
expr_builtin_hash_hash(struct expr_run *run, unsigned column, const struct expr_value *args,
		       struct expr_value *result)
{
	struct slice text = expr_value_stringify(&args[0], run->env->arena);
	struct slice name = expr_value_stringify(&args[1], run->env->arena);
	char *hex;

	*result = expr_value_text((struct slice){"", 0});
	for (size_t i = 0; i < sizeof(expr_builtin_hashes) / sizeof(expr_builtin_hashes[0]); i++) {
		if (!slice_is(name, expr_builtin_hashes[i].name))
			continue;
		hex = arena_array(run->env->arena, EXPR_BUILTIN_HASH_TEXT, 1);
		expr_builtin_hashes[i].fn((const uint8_t *)(text.len ? text.data : ""), text.len,
					  hex);
		*result = expr_value_text(slice_of(hex));
	}
}
