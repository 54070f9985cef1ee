/* SPDX-License-Identifier: Apache-2.0 */
#include "report/xml.h"

/* XML 1.0 has no way to write these characters. */
static bool is_xml(struct str c)
{
	unsigned char first = (unsigned char)c.ptr[0];
	if (c.len == 1)
		return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
	return !(c.len == 3 && first == 0xef && (unsigned char)c.ptr[1] == 0xbf &&
		 (unsigned char)c.ptr[2] >= 0xbe); /* U+FFFE and U+FFFF */
}

static void add_escaped(struct buf *b, struct str s, bool one_line)
{
	bool valid;
	for (size_t len; (len = str_utf8_step(s, &valid)) > 0; s = str_sub(s, len, s.len)) {
		struct str c = str_sub(s, 0, len);
		if (!valid || !is_xml(c))
			buf_add(b, STR("\xef\xbf\xbd"));
		else if (*c.ptr == '&')
			buf_add(b, STR("&amp;"));
		else if (*c.ptr == '<')
			buf_add(b, STR("&lt;"));
		else if (*c.ptr == '>')
			buf_add(b, STR("&gt;"));
		else if (*c.ptr == '"')
			buf_add(b, STR("&quot;"));
		else if (c.len == 1 && (unsigned char)*c.ptr < 0x20 && (one_line || *c.ptr == '\r'))
			buf_printf(b, "&#%d;", *c.ptr);
		else
			buf_add(b, c);
	}
}

void xml_add_text(struct buf *b, struct str s)
{
	add_escaped(b, s, false);
}

void xml_add_line(struct buf *b, struct str s)
{
	add_escaped(b, s, true);
}

void xml_add_attribute(struct buf *b, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_printf(b, " %s=\"", name);
	xml_add_line(b, value);
	buf_add_char(b, '"');
}
