/* SPDX-License-Identifier: Apache-2.0 */
/* Text for XML documents. What XML 1.0 cannot carry at all, and what is not UTF-8, becomes U+FFFD. */
#ifndef REPORT_XML_H
#define REPORT_XML_H

#include "base/buf.h"

/* For within an element: line ends and tabs stay. */
void xml_add_text(struct buf *b, struct str s);
/* All on one line, and whole in an attribute: line ends and tabs are written as numbers. */
void xml_add_line(struct buf *b, struct str s);
/* ` NAME="VALUE"`; nothing when the value is empty. */
void xml_add_attribute(struct buf *b, const char *name, struct str value);

#endif
