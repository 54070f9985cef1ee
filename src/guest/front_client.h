/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server has seen of the client of an exchange: its addresses, its handshake, its HTTP/2, the order of
 * its headers.
 */
#ifndef GUEST_FRONT_CLIENT_H
#define GUEST_FRONT_CLIENT_H

#include "http/server.h"
#include "world/client.h"

/* Borrows from the exchange, and its arena. */
struct client front_client(const struct exchange *x);

#endif
