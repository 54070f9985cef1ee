/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text: base64 with padding (RFC 4648, 4). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/arena.h"

struct str base64_encode(struct arena *a, struct str bytes);
/* False when it is not base64, padding included; line ends and blanks are not. */
must_use bool base64_decode(struct arena *a, struct str text, struct str *out);

#endif
