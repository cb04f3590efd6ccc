#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Code points of UTF-8 text (RFC 3629) and their case. Text of strangers may be anything, so a byte
 * that begins no well-formed character counts as a character of its own and keeps its value.
 */
struct arena;

/* Bytes of the first character; 0 for empty text. *code is UINT32_MAX for a stray byte. */
size_t expr_utf8_next(struct slice text, uint32_t *code);
bool expr_utf8_is_valid(struct slice text);
size_t expr_utf8_count(struct slice text);
/* The text behind its first count characters; empty when there are fewer. */
struct slice expr_utf8_skip(struct slice text, size_t count);

/* Classes of Unicode; of ASCII when the machine has no C.UTF-8 locale. */
bool expr_utf8_is_space(uint32_t code);
bool expr_utf8_is_letter(uint32_t code);
bool expr_utf8_is_upper(uint32_t code);
bool expr_utf8_is_lower(uint32_t code);
bool expr_utf8_is_alphanumeric(uint32_t code);

/* Character by character; text that is already so is returned as it is, without a copy. */
struct slice expr_utf8_lower(struct arena *arena, struct slice text);
struct slice expr_utf8_upper(struct arena *arena, struct slice text);
