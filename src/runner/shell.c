/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/shell.h"

#include <ctype.h>
#include <string.h>

static bool is_plain(struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.ptr[i];
		if (!isascii(c) || (!isalnum(c) && (!c || !strchr("_-./:=@%+,", c))))
			return false;
	}
	return word.len > 0;
}

void shell_quote(struct str word, struct buf *out)
{
	if (is_plain(word)) {
		buf_add(out, word);
		return;
	}
	buf_add_char(out, '\'');
	for (size_t i = 0; i < word.len; i++) {
		if (word.ptr[i] == '\'')
			buf_add(out, STR("'\\''"));
		else
			buf_add_char(out, word.ptr[i]);
	}
	buf_add_char(out, '\'');
}
