#pragma once

#include <stdbool.h>

#include "common/str.h"

/*
 * From the text of an expression to its tree, knowing the grammar only: what a word means is the
 * checker's matter.
 *
 *   or      = and { ("||" | "|") and }
 *   and     = xor { ("&&" | "&") xor }
 *   xor     = eq { "^" eq }
 *   eq      = rel { ("==" | "=" | "!=") rel }
 *   rel     = add { ("<" | "<=" | "=<" | ">" | ">=" | "=>") add }
 *   add     = mul { ("+" | "-") mul }
 *   mul     = unary { ("*" | "/") unary }
 *   unary   = ("!" | "-") unary | postfix
 *   postfix = primary { "[" or "]" }
 *   primary = number | text | word | word "(" list ")" | "[" list "]" | "(" or ")"
 *   list    = [ or { "," or } [ "," ] ]
 */
struct arena;
struct expr_node;
struct why;

/*
 * text must live as long as the arena. False on error, with why->column. An empty text, or `()`,
 * sets *root to NULL.
 */
bool expr_parse(struct arena *arena, struct slice text, struct expr_node **root, struct why *why);
