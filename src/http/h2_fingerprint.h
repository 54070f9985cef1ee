/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client's first frames say about it, in the form that Akamai published ("Passive Fingerprinting of
 * HTTP/2 Clients", 2017): SETTINGS|WINDOW_UPDATE|PRIORITY|order of pseudo-headers, as in
 * "1:65536;4:131072|12517377|3:0:0:201,5:0:0:101|m,p,a,s". Without WINDOW_UPDATE it is 00, without PRIORITY
 * 0. Settings that no RFC names do not come this far.
 */
#ifndef HTTP_H2_FINGERPRINT_H
#define HTTP_H2_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { H2_FINGERPRINT_BYTES_MAX = 512 };

struct h2_fingerprint {
	char settings[160], priorities[240], pseudo[8];
	uint16_t settings_len, priorities_len;
	uint8_t pseudo_count;
	uint32_t window; /* of the first WINDOW_UPDATE of the connection */
	bool has_settings, has_window;
	char text[H2_FINGERPRINT_BYTES_MAX];
	size_t text_len; /* 0: it is not complete yet */
};

void h2_fingerprint_setting(struct h2_fingerprint *f, int id, uint32_t value);
void h2_fingerprint_window(struct h2_fingerprint *f, uint32_t increment);
void h2_fingerprint_priority(struct h2_fingerprint *f, int32_t stream, bool exclusive, int32_t on,
			     int weight);
/* The name as ":method". */
void h2_fingerprint_pseudo(struct h2_fingerprint *f, struct str name);

/* The whole; the first head ends it, and what is told later changes nothing. */
struct str h2_fingerprint_text(struct h2_fingerprint *f);

#endif
