#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/* Numbers of the expression language to text and back, and arithmetic on integers that saturates.
 */

/* Decimal with an optional sign, nothing around it; false when it is not or does not fit. */
bool expr_number_integer(struct slice text, int64_t *integer);
/* 1.5, .5, 1., 1e3, inf, nan, with an optional sign; no hexadecimal, nothing around it. */
bool expr_number_float(struct slice text, double *real);

/* Towards zero, at the ends of the range when it is out of it, 0 for not a number. */
int64_t expr_number_truncate(double real);

enum { EXPR_NUMBER_TEXT = 400 };
/*
 * The shortest digits that read back as the same float, without an exponent: 1, 2.5, inf, NaN. With
 * point a whole number ends in .0. Returns the length.
 */
size_t expr_number_format(char text[EXPR_NUMBER_TEXT], double real, bool point);

int64_t expr_number_add(int64_t a, int64_t b);
int64_t expr_number_subtract(int64_t a, int64_t b);
int64_t expr_number_multiply(int64_t a, int64_t b);
int64_t expr_number_negate(int64_t a);
