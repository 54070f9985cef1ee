// SPDX-License-Identifier: Apache-2.0
// Stands in for the package magic-string, which Vitest imports when it writes inline snapshots.

host.load("magic_string");
export default (host as unknown as { magicString: unknown }).magicString;
