/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words a line is made of. Each function takes its word off the front of `*rest` and returns it as a
 * piece of the line (source.h); none copies, none complains.
 */
#ifndef SCRIPT_TOKEN_H
#define SCRIPT_TOKEN_H

#include <stdbool.h>

#include "base/str.h"

/* Blanks (spaces and tabs) off the front. */
struct str token_blanks(struct str *rest);

/* What stands up to the next blank, and the blanks behind it are skipped; blanks in front must be gone. */
struct str token_word(struct str *rest);

/* As token_word(), but blanks inside (…) belong to the word: a target such as events.where(a=b c). */
struct str token_target(struct str *rest);

/* A name: letters, digits, '_' and '-', not beginning with a digit or '-'. Empty when there is none. */
struct str token_name(struct str *rest);

/* A JSON string with its quotes, judged by its quotes only. Empty when it does not end. `rest` must begin
 * with one. */
struct str token_string(struct str *rest);

/* A media type: one word, and the next ones, too, as long as they follow a ';' ("text/html; charset=utf-8").
 */
struct str token_media_type(struct str *rest);

/* Is it a token of HTTP, as methods and header names are? */
bool token_is_http(struct str word);

/* Without blanks at its end. */
struct str token_trim_end(struct str s);

#endif
