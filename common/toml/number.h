#pragma once

#include <stdbool.h>

#include "common/str.h"

/* Integers and floats of TOML. Pure. */
struct toml_node;

/*
 * True when word is a number: type and value of node are set. Otherwise *complaint says what is
 * wrong with it (constant text), or is NULL when it does not even look like a number.
 */
bool toml_number_parse(struct slice word, struct toml_node *node, const char **complaint);
